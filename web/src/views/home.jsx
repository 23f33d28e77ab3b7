// SPDX-License-Identifier: Apache-2.0
// Home: where the month stands and where it is going, then what is due, what stands out, and the year behind.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { dayFrom, dayNumber, dayShort, dayText, money, moneyRound, monthShort } from '../format.js';
import { CategoryMark, topKey } from '../parts/category.jsx';
import { MonthRun, Months } from '../parts/chart.jsx';
import { Gauge } from '../parts/gauge.jsx';
import { Icon } from '../parts/icons.jsx';
import { RecordDialog } from '../parts/record.jsx';
import { Card, Failed, Loading, Money, notify, Quiet, useLoad } from '../parts/ui.jsx';
import { Year } from '../parts/year.jsx';
import { t } from '../words.js';

export function Home() {
    const home = useLoad((signal) => api.get('/home', signal), []);
    if (home.error && !home.data) return <Failed error={home.error} retry={home.reload} />;
    if (!home.data) return <><h1 class="hidden">{t('home.title')}</h1><Card label={t('home.title')}><Loading lines={4} /></Card><Card label={t('home.title')}><Loading lines={6} /></Card></>;
    if (!home.data.records) return <Empty />;
    const data = home.data;
    return (
        <>
            <h1 class="hidden">{t('home.title')}</h1>
            {data.sample && <Sample onGone={home.reload} />}
            {!data.habits_allowed && <p class="banner"><Icon name="alert" /><span>{t('home.off')}</span></p>}
            <div class="grid">
                <Month home={data} />
                <Card title={t('home.run')} className="run"><MonthRun home={data} height={188} /></Card>
                <Due home={data} />
                <Odd home={data} />
                <Categories home={data} />
                <Next home={data} />
                <Card title={t('home.year')} className="year-card"><Year home={data} /></Card>
                <Card title={t('home.months')} className="months"><Months home={data} height={210} /></Card>
                <Recurs home={data} />
            </div>
        </>
    );
}

function Empty() {
    return (
        <div class="state hero-empty">
            <h1>{t('home.empty.title')}</h1>
            <p>{t('home.empty.text')}</p>
            <a class="button primary" href="#/bills?import=1"><Icon name="upload" />{t('home.empty.do')}</a>
            <details>
                <summary>{t('home.empty.how')}</summary>
                <p>{t('home.empty.alipay')}</p>
                <p>{t('home.empty.wechat')}</p>
            </details>
        </div>
    );
}

function Sample({ onGone }) {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const clear = async () => {
        setBusy(true);
        try {
            await api.post('/erase', { sample: true, yes: true });
            notify(t('sample.removed'));
            onGone();
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    return (
        <div class="banner sample" role="note">
            <span>{error ? error.message : t('sample.text')}</span>
            <button class="button small" disabled={busy} onClick={clear}>{t('sample.remove')}</button>
        </div>
    );
}

/* The day of the last record. After more than a week without one the ledger lags behind, and today says little. */
function lastDay(home) {
    const day = home.days.filter((d) => d.count).at(-1)?.day ?? home.last_day;
    return { day, stale: Boolean(day) && dayNumber(home.today) - dayNumber(day) > 7 };
}

/* This month by today beside last month by the same day, from the days' sums. */
function compared(home) {
    if (lastDay(home).stale) return null;
    const day = +home.today.slice(8);
    const last = dayText(dayNumber(`${home.month.month}-01`) - 1).slice(0, 7);
    if (!home.days.some((d) => d.day < `${last}-02`)) return null; // the ledger doesn't reach back that far
    const before = home.days.filter((d) => d.day.startsWith(last) && +d.day.slice(8) <= day).reduce((sum, d) => sum + d.minor, 0);
    const difference = home.month.spent_minor - before;
    const amount = moneyRound(Math.abs(difference), home.currency);
    if (Math.abs(difference) < 100) return t('home.same');
    return t(difference < 0 ? 'home.less' : 'home.more', { amount });
}

function Month({ home }) {
    const { month, currency } = home;
    const known = month.high_minor > 0;
    const band = { low: moneyRound(month.low_minor, currency), high: moneyRound(month.high_minor, currency) };
    const { day: latest, stale } = lastDay(home);
    return (
        <Card className="month" label={t('home.spent', { month: monthShort(month.month) })}>
            <p class="eyebrow">{t('home.spent', { month: monthShort(month.month) })}</p>
            <p class="hero"><Money minor={month.spent_minor} currency={currency} /></p>
            <p class="compared">{compared(home)}</p>
            {known && (
                <>
                    <Gauge
                        className="big"
                        spent={month.spent_minor} low={month.low_minor} median={month.median_minor} high={month.high_minor}
                        label={t('home.gauge', { spent: money(month.spent_minor, currency), median: money(month.median_minor, currency), ...band })}
                    />
                    <div class="expected">
                        <div>
                            <span class="eyebrow">{t('home.expected')}</span>
                            <strong>{moneyRound(month.median_minor, currency)}</strong>
                        </div>
                        <div class="expected-why">
                            <span>{t('home.band', band)}</span>
                            <span>
                                {month.days_left ? t('home.left', { days: month.days_left }) : t('home.lastday')}
                                {month.recurring_minor > 0 && <> · {t('home.recurring.left', { amount: moneyRound(month.recurring_minor, currency) })}</>}
                            </span>
                        </div>
                    </div>
                </>
            )}
            {stale && <p class="stale">{t('home.stale', { day: dayShort(latest, home.today) })}</p>}
        </Card>
    );
}

/* A line that opens to the whole reason, as the server words it. */
function Item({ name, small, under, side, below, late, why, before }) {
    return (
        <details class="item-fold">
            <summary class="item">
                {before}
                <span class="item-main">
                    <span class="item-name">{name}{small && <small>{small}</small>}</span>
                    <span class="item-why">{under}</span>
                </span>
                <span class="item-side">{side}<span class={late ? 'late' : ''}>{below}</span></span>
            </summary>
            <p class="item-why full">{why}</p>
        </details>
    );
}

function every(r) {
    const months = { 1: 'month', 3: 'quarter', 6: 'half', 12: 'year' };
    if (r.unit === 'month') {
        const period = months[r.every] ? t(`every.${months[r.every]}`) : t('every.months', { n: r.every });
        return period + (r.day && r.every !== 12 ? t('every.day', { day: r.day }) : '');
    }
    if (r.every === 7) return t('every.week');
    return r.every % 7 === 0 && r.every < 28 ? t('every.weeks', { n: r.every / 7 }) : t('every.days', { n: r.every });
}

function underRecurring(r, currency) {
    return [every(r), t('every.count', { count: r.count }), r.old_minor && t('every.was', { amount: money(r.old_minor, currency) })].filter(Boolean).join(' · ');
}

function Due({ home }) {
    const rows = home.recurring
        .filter((r) => r.direction === 'expense' && r.state !== 'ended' && r.next && dayNumber(r.next) - dayNumber(home.today) <= 31)
        .sort((a, b) => (a.next < b.next ? -1 : 1))
        .slice(0, 6);
    const isLate = (r) => r.state === 'late' && r.next < home.today;
    return (
        <Card title={t('home.due')} className="due">
            {rows.length === 0 && <Quiet>{t('home.due.empty')}</Quiet>}
            <ul class="plain">
                {rows.map((r) => (
                    <li key={r.merchant + r.next}>
                        <Item
                            before={<DateBlock day={r.next} />}
                            name={r.merchant} under={underRecurring(r, home.currency)} why={r.why}
                            side={<Money minor={r.minor} currency={home.currency} />} late={isLate(r)}
                            below={isLate(r) ? t('home.due.late', { days: dayNumber(home.today) - dayNumber(r.next) }) : dayFrom(home.today, r.next)}
                        />
                    </li>
                ))}
            </ul>
        </Card>
    );
}

function DateBlock({ day }) {
    return (
        <span class="date" aria-hidden="true">
            <b>{+day.slice(8)}</b>
            <span>{monthShort(day.slice(0, 7))}</span>
        </span>
    );
}

/* What is bought nearly every day needs no telling, and a category that is one merchant's all the way says nothing new. */
function worthSaying(rows) {
    const own = rows.filter((row) => row.next && !(row.kind !== 'merchant' && rows.some((other) => other.kind === 'merchant' && other.count === row.count && other.last === row.last)));
    const rarer = own.filter((row) => row.interval_days >= 2);
    return rarer.length >= 3 ? rarer : own;
}

function Next({ home }) {
    const rows = worthSaying(home.next).slice(0, 6);
    const under = (row) => `${t('home.next.every', { days: Math.round(row.interval_days * 10) / 10 })} · ${t('home.next.last', { when: dayFrom(home.today, row.last) })}`;
    return (
        <Card title={t('home.next')} className="next">
            {rows.length === 0 && <Quiet>{t('home.next.empty')}</Quiet>}
            <ul class="plain">
                {rows.map((row) => (
                    <li key={row.kind + row.name}>
                        <Item name={row.name} under={under(row)} why={row.why} side={<Money minor={row.usual_minor} currency={home.currency} />} below={dayFrom(home.today, row.next)} />
                    </li>
                ))}
            </ul>
        </Card>
    );
}

/* The sentence begins with the name, which stands above it here. */
function withoutName(sentence, name) {
    return sentence.startsWith(name) ? sentence.slice(name.length).replace(/^[：:\s]+/, '') : sentence;
}

function Odd({ home }) {
    const [open, setOpen] = useState(null);
    const [error, setError] = useState(null);
    const show = async (id) => {
        try {
            setOpen((await api.get(`/records/${id}`)).records[0] ?? null);
            setError(null);
        } catch (failure) {
            setError(failure);
        }
    };
    return (
        <Card title={t('home.odd')} className="odd">
            {home.unusual.length === 0 && <Quiet>{t('home.odd.empty')}</Quiet>}
            {error && <p class="bad" role="alert">{error.message}</p>}
            <ul class="plain">
                {home.unusual.slice(0, 5).map((row) => (
                    <li key={row.record}>
                        <button class="item" onClick={() => show(row.record)}>
                            <span class={`tag ${row.kind}`}>{t(`home.odd.${row.kind}`)}</span>
                            <span class="item-main"><span class="item-name">{row.merchant}</span><span class="item-why">{withoutName(row.why, row.merchant)}</span></span>
                            <span class="item-side"><Money minor={row.minor} currency={home.currency} /><span>{dayShort(row.time.slice(0, 10), home.today)}</span></span>
                        </button>
                    </li>
                ))}
            </ul>
            {open && <RecordDialog record={open} onClose={() => setOpen(null)} />}
        </Card>
    );
}

const fewCategories = 7;

function Categories({ home }) {
    const [all, setAll] = useState(false);
    const rows = home.categories.filter((c) => c.spent_minor > 0 || c.median_minor > 0).sort((a, b) => Math.max(b.median_minor, b.spent_minor) - Math.max(a.median_minor, a.spent_minor));
    const limit = Math.max(1, ...rows.map((c) => Math.max(c.high_minor, c.spent_minor))) * 1.02;
    const shown = all ? rows : rows.slice(0, fewCategories);
    return (
        <Card title={t('home.categories')} className="categories" aside={<span class="hint">{t('home.categories.legend')}</span>}>
            <ul class="plain">
                {shown.map((c) => (
                    <li key={c.category.id}>
                        <a class="bar-row" href={`#/bills${api.query({ category: c.category.name, month: home.month.month })}`}>
                            <CategoryMark name={c.category.name} categoryKey={topKey(c.category.id)} />
                            <span class="bar-name">{c.category.name}</span>
                            <Money minor={c.spent_minor} currency={home.currency} />
                            <Gauge
                                spent={c.spent_minor} low={c.low_minor} median={c.median_minor} high={c.high_minor} limit={limit}
                                label={t('home.categories.alt', { name: c.category.name, spent: money(c.spent_minor, home.currency), median: moneyRound(c.median_minor, home.currency) })}
                            />
                        </a>
                    </li>
                ))}
            </ul>
            {rows.length > fewCategories && <button class="button ghost wide" aria-expanded={all} onClick={() => setAll(!all)}>{all ? t('home.categories.fewer') : t('home.categories.more', { count: rows.length - fewCategories })}</button>}
        </Card>
    );
}

function Recurs({ home }) {
    const going = home.recurring.filter((r) => r.state !== 'ended');
    const ended = home.recurring.filter((r) => r.state === 'ended');
    const list = (rows) => (
        <ul class="plain recurs-list">
            {rows.map((r) => (
                <li key={r.merchant + r.first + r.minor}>
                    <Item
                        name={r.merchant} small={r.category} under={underRecurring(r, home.currency)} why={r.why}
                        side={<Money minor={r.minor} currency={home.currency} income={r.direction === 'income'} />}
                        below={r.next && dayShort(r.next, home.today)}
                    />
                </li>
            ))}
        </ul>
    );
    return (
        <Card title={t('home.recurs')} className="recurs">
            {going.length === 0 && <Quiet>{t('home.recurs.empty')}</Quiet>}
            {list(going)}
            {ended.length > 0 && <details><summary>{t('home.recurs.ended', { count: ended.length })}</summary>{list(ended)}</details>}
        </Card>
    );
}
