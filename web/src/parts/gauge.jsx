// SPDX-License-Identifier: Apache-2.0
// What is spent beside what is expected: a filled bar, the band in which 8 of 10 months end, and a stroke at the middle.
function percent(part, whole) {
    return `${Math.max(0, Math.min(100, (part / whole) * 100))}%`;
}

export function Gauge({ spent, low, median, high, limit, label, className }) {
    const whole = limit ?? (Math.max(spent, high) * 1.06 || 1);
    const banded = high > 0;
    return (
        <div class={`gauge ${className ?? ''}`} role="img" aria-label={label}>
            {banded && <span class="gauge-median" style={{ width: percent(median, whole) }} />}
            {banded && high > low && <span class="gauge-band" style={{ left: percent(low, whole), width: percent(high - low, whole) }} />}
            <span class="gauge-spent" style={{ width: percent(spent, whole) }} />
            {banded && high > low && <span class="gauge-tick" style={{ left: percent(median, whole) }} />}
        </div>
    );
}
