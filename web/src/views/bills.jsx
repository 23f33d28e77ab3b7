// SPDX-License-Identifier: Apache-2.0
// Bills: take files in, find records again, correct their category. The filters stand in the address, so that other views can link here.
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../api.js';
import { count, dayText, dayNumber } from '../format.js';
import { Icon } from '../parts/icons.jsx';
import { ImportDialog } from '../parts/import_dialog.jsx';
import { PastImports } from '../parts/past_imports.jsx';
import { RecordDialog } from '../parts/record.jsx';
import { RecordList } from '../parts/record_list.jsx';
import { notify, useLoad } from '../parts/ui.jsx';
import { t } from '../words.js';

const names = ['text', 'direction', 'category', 'from', 'to', 'min', 'max', 'source', 'merchant'];

/* What the address asks for: a month becomes its days, so that two date fields show it. */
function filtersOf(values) {
    const filters = Object.fromEntries(names.filter((name) => values[name]).map((name) => [name, values[name]]));
    if (/^\d{4}-\d\d$/.test(values.month ?? '')) {
        const next = new Date(Date.UTC(+values.month.slice(0, 4), +values.month.slice(5), 1)).toISOString().slice(0, 10);
        filters.from ??= `${values.month}-01`;
        filters.to ??= dayText(dayNumber(next) - 1);
    }
    return filters;
}

function keepInAddress(filters) {
    history.replaceState(null, '', `#/bills${api.query(filters)}`);
}

export function Bills({ values }) {
    const [filters, setFilters] = useState(() => filtersOf(values));
    const [version, setVersion] = useState(0);
    const [open, setOpen] = useState(null);
    const [files, setFiles] = useState(null);
    const [today] = useState(() => new Date().toISOString().slice(0, 10));
    useEffect(() => setFilters(filtersOf(values)), [values]);
    const change = (next) => {
        setFilters(next);
        keepInAddress(next);
        const top = document.querySelector('.find')?.offsetTop ?? 0;
        if (scrollY > top) scrollTo(0, top);
    };
    const filtered = Object.keys(filters).length > 0;
    const imported = (added) => {
        setFiles(null);
        setVersion((v) => v + 1);
        notify(t('import.done', { count: count(added) }));
        if (values.import) location.hash = '#/home'; // who came from an empty home wants to see it filled
    };
    const none = (
        <div class="state">
            <strong>{t(filtered ? 'bills.none.title' : 'bills.empty.title')}</strong>
            <p>{t(filtered ? 'bills.none.text' : 'home.empty.text')}</p>
            {filtered && <button class="button" onClick={() => change({})}>{t('bills.clear')}</button>}
        </div>
    );
    return (
        <>
            <h1>{t('bills.title')}</h1>
            <div class="bills-grid">
                <div class="bills-side">
                    <DropZone onFiles={setFiles} />
                    <PastImports version={version} onUndone={() => setVersion((v) => v + 1)} />
                </div>
                <section class="card list-card" aria-label={t('bills.list')}>
                    <Find filters={filters} onChange={change} />
                    <RecordList filters={filters} version={version} today={today} onOpen={setOpen} none={none} />
                </section>
            </div>
            {open && <RecordDialog record={open} onClose={() => setOpen(null)} onChanged={() => setVersion((v) => v + 1)} />}
            {files && <ImportDialog files={files} onClose={() => setFiles(null)} onDone={imported} />}
        </>
    );
}

/* The box, and the whole window while something is dragged over it. */
function DropZone({ onFiles }) {
    const input = useRef(null);
    const [over, setOver] = useState(false);
    useEffect(() => {
        let leaving;
        const dragged = (event) => {
            if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
            event.preventDefault();
            clearTimeout(leaving);
            setOver(true);
        };
        const left = () => {
            leaving = setTimeout(() => setOver(false), 100);
        };
        const dropped = (event) => {
            event.preventDefault();
            setOver(false);
            const files = [...(event.dataTransfer?.files ?? [])];
            if (files.length) onFiles(files);
        };
        const on = { dragenter: dragged, dragover: dragged, dragleave: left, drop: dropped };
        for (const [name, handler] of Object.entries(on)) addEventListener(name, handler);
        return () => {
            for (const [name, handler] of Object.entries(on)) removeEventListener(name, handler);
        };
    }, []);
    return (
        <section class={`drop ${over ? 'over' : ''}`} aria-label={t('bills.choose')}>
            <Icon name="upload" />
            <p>
                <strong class="wide-only">{over ? t('bills.release') : t('bills.drop')}</strong>
                <strong class="narrow-only">{t('bills.drop.phone')}</strong>
                <span>{t('bills.drop.or')}</span>
            </p>
            <button class="button primary" onClick={() => input.current.click()}>{t('bills.choose')}</button>
            <input ref={input} type="file" multiple class="hidden" tabIndex={-1} aria-label={t('bills.choose')}
                onChange={(event) => {
                    const files = [...event.target.files];
                    event.target.value = '';
                    if (files.length) onFiles(files);
                }} />
        </section>
    );
}

function Find({ filters, onChange }) {
    const [text, setText] = useState(filters.text ?? '');
    const [wide, setWide] = useState(() => Object.keys(filters).some((name) => name !== 'text' && name !== 'direction'));
    const timer = useRef(0);
    useEffect(() => setText(filters.text ?? ''), [filters.text]);
    const put = (name, value) => {
        const next = { ...filters, [name]: value };
        if (!value) delete next[name];
        onChange(next);
    };
    const type = (event) => {
        const value = event.target.value;
        setText(value);
        clearTimeout(timer.current);
        if (event.isComposing) return; // half a word of an input method: its end comes below
        timer.current = setTimeout(() => put('text', value.trim()), 250);
    };
    const more = Object.keys(filters).filter((name) => name !== 'text' && name !== 'direction').length;
    return (
        <form class="find" role="search" onSubmit={(event) => { event.preventDefault(); clearTimeout(timer.current); put('text', text.trim()); }}>
            <div class="find-line">
                <label class="search">
                    <Icon name="search" />
                    <input type="search" value={text} placeholder={t('bills.search')} aria-label={t('bills.search.label')} onInput={type} onCompositionEnd={type} />
                </label>
                <button type="button" class="button" aria-expanded={wide} aria-controls="filters" onClick={() => setWide(!wide)}>
                    <Icon name="filter" />{more ? t('bills.filters.count', { count: more }) : t('bills.filters')}
                </button>
            </div>
            <fieldset class="segments">
                <legend class="hidden">{t('bills.direction')}</legend>
                {['', 'expense', 'income', 'neutral'].map((direction) => (
                    <label key={direction}>
                        <input type="radio" name="direction" checked={(filters.direction ?? '') === direction} onChange={() => put('direction', direction)} />
                        <span>{direction ? t(`bills.${direction}`) : t('all')}</span>
                    </label>
                ))}
            </fieldset>
            {wide && <MoreFilters filters={filters} put={put} onClear={() => onChange({})} />}
        </form>
    );
}

function MoreFilters({ filters, put, onClear }) {
    const tree = useLoad((signal) => api.get('/categories', signal), []);
    const field = (name) => ({ label: t(`bills.${name}`), value: filters[name] ?? '', onLeft: (value) => put(name, value) });
    return (
        <div class="filters" id="filters">
            <LateField type="date" {...field('from')} />
            <LateField type="date" {...field('to')} />
            <label class="field">
                <span>{t('bills.category')}</span>
                <select value={filters.category ?? ''} onChange={(event) => put('category', event.target.value)}>
                    <option value="">{t('all')}</option>
                    {(tree.data?.categories ?? []).map((top) => [
                        <option key={top.key} value={top.name}>{top.name}</option>,
                        ...top.subcategories.map((sub) => <option key={sub.key} value={sub.name}>　{sub.name}</option>),
                    ])}
                </select>
            </label>
            <LateField inputMode="decimal" placeholder="0.00" {...field('min')} />
            <LateField inputMode="decimal" placeholder="0.00" {...field('max')} />
            <button type="button" class="button ghost" onClick={onClear}>{t('bills.clear')}</button>
        </div>
    );
}

/* Tells its value when it is left, not at each key. What is being typed is its own: the filters may be drawn again meanwhile. */
function LateField({ label, value, onLeft, ...rest }) {
    const [typed, setTyped] = useState(value);
    useEffect(() => setTyped(value), [value]);
    return (
        <label class="field">
            <span>{label}</span>
            <input {...rest} value={typed} onInput={(event) => setTyped(event.target.value)} onChange={(event) => onLeft(event.target.value.trim())} />
        </label>
    );
}
