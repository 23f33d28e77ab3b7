// SPDX-License-Identifier: Apache-2.0
// The last year as twelve small months, each day as dark as it was costly. One stop of the Tab key; arrows move inside.
import { useRef, useState } from 'preact/hooks';
import { count, dayLong, dayNumber, dayText, money, monthShort, weekday } from '../format.js';
import { t } from '../words.js';

/* Where the four darker steps begin: quarters of the days that cost something, so that one rent doesn't pale all others. */
function steps(days) {
    const paid = days.map((day) => day.minor).filter((minor) => minor > 0).sort((a, b) => a - b);
    return [0.25, 0.5, 0.75, 0.93].map((part) => paid[Math.floor(paid.length * part)] ?? Infinity);
}

function monthsOf(today) {
    const [year, month] = today.split('-').map(Number);
    return Array.from({ length: 12 }, (_, i) => {
        const at = new Date(Date.UTC(year, month - 12 + i, 1));
        return at.toISOString().slice(0, 7);
    });
}

function daysOf(month) {
    const first = dayNumber(`${month}-01`);
    const length = new Date(Date.UTC(+month.slice(0, 4), +month.slice(5, 7), 0)).getUTCDate();
    return Array.from({ length }, (_, i) => dayText(first + i));
}

export function Year({ home }) {
    const [at, setAt] = useState(home.today);
    const grid = useRef(null);
    const byDay = new Map(home.days.map((day) => [day.day, day]));
    const bounds = steps(home.days);
    const months = monthsOf(home.today);
    const first = `${months[0]}-01`;
    const describe = (day) => {
        const found = byDay.get(day);
        const name = dayLong(day, home.today);
        return found?.count ? t('home.year.day', { day: name, amount: money(found.minor, home.currency), count: count(found.count) }) : t('home.year.none', { day: name });
    };
    const level = (day) => {
        const minor = byDay.get(day)?.minor ?? 0;
        return minor <= 0 ? 0 : bounds.filter((bound) => minor >= bound).length + 1;
    };
    const move = (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
        if (!by) return;
        event.preventDefault();
        const next = dayText(Math.min(dayNumber(home.today), Math.max(dayNumber(first), dayNumber(at) + by)));
        setAt(next);
        grid.current.querySelector(`[data-day="${next}"]`)?.focus();
    };
    const open = (day) => {
        location.hash = `#/bills?from=${day}&to=${day}`;
    };
    return (
        <>
            <p class="year-readout" aria-hidden="true">{describe(at)}</p>
            <div class="year" ref={grid} onKeyDown={move} role="group" aria-label={`${t('home.year')}. ${t('home.year.hint')}`}>
                {months.map((month) => (
                    <div class="year-month" key={month}>
                        <span class="year-name" aria-hidden="true">{monthShort(month)}</span>
                        <div class="year-days">
                            {daysOf(month).map((day, i) => (day > home.today
                                ? <span key={day} class="day ahead" style={i === 0 ? { gridColumnStart: weekday(day) + 1 } : undefined} />
                                : <button
                                    key={day}
                                    class={`day level-${level(day)}`}
                                    style={i === 0 ? { gridColumnStart: weekday(day) + 1 } : undefined}
                                    data-day={day}
                                    tabIndex={day === at ? 0 : -1}
                                    aria-label={describe(day)}
                                    onMouseEnter={() => setAt(day)}
                                    onFocus={() => setAt(day)}
                                    onClick={() => open(day)}
                                />))}
                        </div>
                    </div>
                ))}
            </div>
            <p class="scale" aria-hidden="true">
                {t('home.year.less')} {[0, 1, 2, 3, 4, 5].map((n) => <span key={n} class={`day level-${n}`} />)} {t('home.year.more')}
            </p>
        </>
    );
}
