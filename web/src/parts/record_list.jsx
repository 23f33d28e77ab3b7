// SPDX-License-Identifier: Apache-2.0
// The records that a filter leaves, 100,000 or more: only the rows in sight exist. The page scrolls as a whole; a row's place is its
// number times the row's height, and its page is fetched when it comes near.
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../api.js';
import { count, monthLong } from '../format.js';
import { t } from '../words.js';
import { RecordRow } from './record.jsx';
import { Failed, Loading } from './ui.jsx';

const pageRows = 200;
const beyond = 8;      // rows kept above and below what is seen
const pagesKept = 12;  // the rest is forgotten and fetched again
const rowHeight = 68;  // --row-height of the stylesheet

/* Pages by number, fetched once each; `version` starts them anew, and what was there stays in sight until its successor comes. */
function usePages(filters, version) {
    const [, redraw] = useState(0);
    const store = useRef(null);
    const name = JSON.stringify(filters);
    const before = store.current;
    if (before?.name !== name || before.version !== version) {
        before?.abort.abort();
        const kept = before?.name === name;
        store.current = { name, version, pages: new Map(), old: kept ? before.pages : new Map(), total: kept ? before.total : null, error: null, abort: new AbortController() };
    }
    const mine = store.current;
    const want = (page) => {
        if (mine.pages.has(page) || mine.error) return;
        mine.pages.set(page, null);
        api.get(`/records${api.query({ ...filters, offset: page * pageRows, limit: pageRows })}`, mine.abort.signal).then(
            (answer) => {
                mine.pages.set(page, answer.records);
                mine.total = answer.total;
                for (const old of mine.pages.keys()) {
                    if (mine.pages.size <= pagesKept) break;
                    if (Math.abs(old - page) > pagesKept / 2) mine.pages.delete(old);
                }
                redraw((n) => n + 1);
            },
            (error) => {
                if (error.name === 'AbortError') return;
                mine.pages.delete(page);
                mine.error = error;
                redraw((n) => n + 1);
            },
        );
    };
    const retry = () => {
        mine.error = null;
        redraw((n) => n + 1);
    };
    return { ...mine, want, retry };
}

export function RecordList({ filters, version, today, onOpen, none }) {
    const box = useRef(null);
    const [range, setRange] = useState({ from: 0, to: 20 });
    const pages = usePages(filters, version);
    useEffect(() => {
        let frame = 0;
        const measure = () => {
            frame = 0;
            if (!box.current) return;
            const above = -box.current.getBoundingClientRect().top;
            const from = Math.max(0, Math.floor(above / rowHeight) - beyond);
            const to = Math.max(from, Math.ceil((above + innerHeight) / rowHeight) + beyond);
            setRange((old) => (old.from === from && old.to === to ? old : { from, to }));
        };
        const soon = () => {
            frame ||= requestAnimationFrame(measure);
        };
        measure();
        addEventListener('scroll', soon, { passive: true });
        addEventListener('resize', soon);
        return () => {
            cancelAnimationFrame(frame);
            removeEventListener('scroll', soon);
            removeEventListener('resize', soon);
        };
    }, [pages.total === null]);
    const to = Math.min(range.to, pages.total ?? pageRows);
    useEffect(() => {
        pages.want(0);
        for (let page = Math.floor(range.from / pageRows); page * pageRows < to; page++) pages.want(page);
    });
    if (pages.error && pages.total === null) return <Failed error={pages.error} retry={pages.retry} />;
    if (pages.total === null) return <Loading lines={8} />;
    if (pages.total === 0) return none;
    const rows = [];
    for (let at = Math.min(range.from, pages.total); at < to; at++) {
        const page = Math.floor(at / pageRows);
        rows.push({ at, record: (pages.pages.get(page) ?? pages.old.get(page))?.[at % pageRows] });
    }
    const top = rows[Math.min(rows.length - 1, range.from === 0 ? 0 : beyond)]?.record;
    return (
        <>
            <p class="list-head" aria-live="polite">
                <span>{top ? monthLong(top.time.slice(0, 7)) : ''}</span>
                <span>{t('bills.total', { count: count(pages.total) })}</span>
            </p>
            {pages.error && <Failed error={pages.error} retry={pages.retry} />}
            <div class="rows" ref={box} role="list" aria-label={t('bills.list')} style={{ height: `${pages.total * rowHeight}px` }}>
                {rows.map(({ at, record }) => (
                    <div key={at} class="row" role="listitem" aria-setsize={pages.total} aria-posinset={at + 1} style={{ transform: `translateY(${at * rowHeight}px)` }}>
                        {record ? <RecordRow record={record} today={today} onOpen={onOpen} /> : <span class="bone" />}
                    </div>
                ))}
            </div>
        </>
    );
}
