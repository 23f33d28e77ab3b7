// SPDX-License-Identifier: Apache-2.0
// uPlot in the page's colours: two charts of home. Each draws on a canvas, so each has words for those who don't see it.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dayNumber, dayText, moneyRound, moneyShort, monthLong } from '../format.js';
import { isDark, onChange } from '../settings.js';
import { t } from '../words.js';

function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/* make(width, height) → options of uPlot. Made anew when its data, its width or the theme changes. */
function Chart({ make, data, height, label }) {
    const box = useRef(null);
    const [theme, setTheme] = useState(isDark());
    useEffect(() => onChange(() => setTheme(isDark())), []);
    useEffect(() => {
        const host = box.current;
        const plot = new uPlot({ ...make(), width: host.clientWidth, height }, data, host);
        const watch = new ResizeObserver(() => {
            if (host.clientWidth && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height });
        });
        watch.observe(host);
        return () => {
            watch.disconnect();
            plot.destroy();
        };
    }, [data, height, theme]);
    return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function axes(currency, xValues, xSplits) {
    const font = '11px system-ui, sans-serif';
    return [
        { stroke: color('ink-3'), grid: { show: false }, ticks: { show: false }, font, values: xValues, splits: xSplits, size: 26, gap: 4 },
        {
            stroke: color('ink-3'), font, size: 44, gap: 6, ticks: { show: false },
            grid: { stroke: color('line'), width: 1 },
            values: (_, ticks) => ticks.map((tick) => moneyShort(tick, currency)),
        },
    ];
}

/* The value under the pointer, drawn as text over the chart by uPlot's own cursor. */
function readout(describe) {
    return {
        hooks: {
            init: (plot) => {
                plot.readout = document.createElement('div');
                plot.readout.className = 'readout';
                plot.over.append(plot.readout);
            },
            setCursor: (plot) => {
                const index = plot.cursor.idx;
                const text = index === null || index === undefined ? '' : describe(index);
                plot.readout.textContent = text;
                plot.readout.classList.toggle('shown', Boolean(text));
                const right = (plot.cursor.left ?? 0) > plot.over.clientWidth / 2;
                plot.readout.classList.toggle('left', right);
            },
        },
    };
}

function added(days, from, to) {
    const sums = [];
    let sum = 0;
    for (let day = from; day <= to; day++) sums.push((sum += days.get(day) ?? 0));
    return sums;
}

/* Spending added up by day of this month and the last, and on to where the month is expected to end. */
export function MonthRun({ home, height }) {
    const { month, today, currency } = home;
    const first = dayNumber(`${month.month}-01`);
    const last = first + new Date(Date.UTC(+month.month.slice(0, 4), +month.month.slice(5, 7), 0)).getUTCDate() - 1;
    const days = new Map(home.days.map((day) => [dayNumber(day.day), day.minor]));
    const before = dayNumber(`${dayText(first - 1).slice(0, 7)}-01`);
    const known = dayNumber(home.days.filter((day) => day.count).at(-1)?.day ?? today);
    const now = Math.max(first, Math.min(known, dayNumber(today), last)); // a line over days that the ledger doesn't know yet would be false
    const x = Array.from({ length: last - first + 1 }, (_, i) => i + 1);
    const pad = (values) => x.map((_, i) => values[i] ?? null);
    const gone = added(days, first, now);
    const ago = pad(added(days, before, first - 1));
    const start = now - first;
    const toward = (end) => x.map((_, i) => (i < start || !month.high_minor ? null : month.spent_minor + ((end - month.spent_minor) * (i - start)) / Math.max(1, last - now)));
    const data = [x, toward(month.high_minor), toward(month.low_minor), toward(month.median_minor), ago, pad(gone)];
    const make = () => ({
        legend: { show: false },
        padding: [10, 10, 0, 0],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: { x: { time: false, range: [1, x.length] }, y: { range: (_, low, high) => [0, Math.max(high, 100) * 1.05] } },
        axes: axes(currency, (_, ticks) => ticks.map((tick) => String(tick)), () => [1, 8, 15, 22, x.length].filter((d, i, all) => all.indexOf(d) === i)),
        bands: [{ series: [1, 2], fill: color('band') }],
        series: [
            {},
            { stroke: 'transparent', points: { show: false } },
            { stroke: 'transparent', points: { show: false } },
            { stroke: color('accent'), width: 1.5, dash: [3, 4], points: { show: false } },
            { stroke: color('ink-4'), width: 1.5, points: { show: false } },
            { stroke: color('accent'), width: 2.5, points: { show: false } },
        ],
        plugins: [readout((i) => {
            const parts = [t('home.run.day', { day: i + 1 })];
            if (data[5][i] !== null) parts.push(`${t('home.run.this')} ${moneyRound(data[5][i], currency)}`);
            else if (data[3][i] !== null) parts.push(`${t('home.run.expected')} ${moneyRound(Math.round(data[3][i]), currency)}`);
            if (data[4][i] !== null) parts.push(`${t('home.run.last')} ${moneyRound(data[4][i], currency)}`);
            return parts.join(' · ');
        })],
    });
    return (
        <>
            <ul class="legend" aria-hidden="true">
                <li class="key-this">{t('home.run.this')}</li>
                <li class="key-last">{t('home.run.last')}</li>
                {month.high_minor > 0 && <li class="key-expected">{t('home.run.expected')}</li>}
            </ul>
            <Chart make={make} data={useStill(data, [home])} height={height} label={t('home.run.alt')} />
        </>
    );
}

/* The same array as long as the keys are the same, so that a chart isn't drawn anew for nothing. */
function useStill(value, keys) {
    const kept = useRef({ keys: null });
    if (!kept.current.keys || keys.some((key, i) => key !== kept.current.keys[i])) kept.current = { keys, value };
    return kept.current.value;
}

const fewestMonths = 6;

export function Months({ home, height }) {
    const begun = home.months.findIndex((m) => m.minor !== 0 || m.income_minor !== 0);
    const known = home.months.slice(Math.max(0, Math.min(begun, home.months.length - fewestMonths))); // not the years before the ledger
    const months = known.slice(innerWidth < 720 ? -12 : 0); // a phone has no room for two years of bars
    const data = [months.map((_, i) => i), months.map((m) => m.income_minor), months.map((m) => m.minor)];
    const still = useStill(data, [home]);
    const every = Math.ceil(months.length / 8);
    const make = () => {
        const bars = (align) => uPlot.paths.bars({ size: [0.36, 16], align, radius: 0.15 });
        return {
            legend: { show: false },
            padding: [10, 6, 0, 0],
            cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
            scales: { x: { time: false, range: [-0.7, months.length - 0.3] }, y: { range: (_, low, high) => [0, Math.max(high, 100) * 1.05] } },
            axes: axes(home.currency,
                (_, ticks) => ticks.map((tick) => monthTick(months[tick]?.month)),
                () => months.map((_, i) => i).filter((i) => (months.length - 1 - i) % every === 0)),
            series: [
                {},
                { fill: color('income-soft'), stroke: 'transparent', width: 0, paths: bars(-1), points: { show: false } },
                { fill: color('accent'), stroke: 'transparent', width: 0, paths: bars(1), points: { show: false } },
            ],
            plugins: [readout((i) => `${monthLong(months[i].month)} · ${t('home.months.out')} ${moneyRound(months[i].minor, home.currency)} · ${t('home.months.in')} ${moneyRound(months[i].income_minor, home.currency)}`)],
        };
    };
    return (
        <>
            <ul class="legend" aria-hidden="true">
                <li class="key-out">{t('home.months.out')}</li>
                <li class="key-in">{t('home.months.in')}</li>
            </ul>
            <Chart make={make} data={still} height={height} label={t('home.months.alt', { count: months.length })} />
        </>
    );
}

function monthTick(month) {
    if (!month) return '';
    return t('month.tick', { year: month.slice(2, 4), month: String(+month.slice(5, 7)) });
}
