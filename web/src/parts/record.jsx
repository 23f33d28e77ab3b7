// SPDX-License-Identifier: Apache-2.0
// One record as a row of a list, and as a dialog with all that the bill says, where its category can be corrected.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { clock, dayLong, dayShort, money } from '../format.js';
import { has, t } from '../words.js';
import { CategoryMark } from './category.jsx';
import { Dialog, Loading, Money, notify, useLoad } from './ui.jsx';

export function sourceName(source) {
    const bank = source?.split('_')[0];
    return has(`source.${bank}`) ? t(`source.${bank}`) : source;
}

export function RecordRow({ record, today, onOpen, ...rest }) {
    const name = record.brand || record.merchant || record.item || sourceName(record.source);
    const under = [dayShort(record.time.slice(0, 10), today), clock(record.time)].join(' ');
    const item = record.item && record.item !== name ? record.item : record.method;
    return (
        <button class={`record ${record.counted === false ? 'uncounted' : ''}`} onClick={() => onOpen(record)} {...rest}>
            <CategoryMark name={record.category} categoryKey={record.category_key} />
            <span class="record-main">
                <span class="record-name">{name}</span>
                <span class="record-under">{under}{item ? ` · ${item}` : ''}</span>
            </span>
            <span class="record-side">
                <Amount record={record} />
                <span class="record-under">{record.refunded_minor ? t('bills.refunded', { amount: money(record.refunded_minor, record.currency) }) : record.subcategory || record.category}</span>
            </span>
        </button>
    );
}

function Amount({ record }) {
    return <Money minor={record.minor} currency={record.currency} income={record.direction === 'income'} className={record.direction} />;
}

function Line({ name, children }) {
    return children ? <div><dt>{name}</dt><dd>{children}</dd></div> : null;
}

export function RecordDialog({ record, onClose, onChanged }) {
    const [now, setNow] = useState(record);
    const by = has(`record.by.${now.category_by}`) ? t(`record.by.${now.category_by}`) : '';
    const changed = async (count) => {
        notify(t('record.saved', { count }));
        const { records } = await api.get(`/records/${record.id}`);
        if (records[0]) setNow(records[0]);
        onChanged?.(records[0]);
    };
    return (
        <Dialog title={t('record.title')} onClose={onClose}>
            <div class="record-hero">
                <CategoryMark name={now.category} categoryKey={now.category_key} />
                <span>{now.brand || now.merchant || now.item}</span>
                <Amount record={now} />
            </div>
            <CategoryForm key={now.subcategory} record={now} by={by} onSaved={changed} />
            <dl class="fields">
                <Line name={t('record.merchant')}>{now.merchant}</Line>
                <Line name={t('record.item')}>{now.item}</Line>
                <Line name={t('record.time')}>{dayLong(now.time.slice(0, 10))} {now.time.slice(11, 19)}</Line>
                <Line name={t('bills.direction')}>{t(`bills.${now.direction}`)}{now.counted === false ? ` · ${t('record.uncounted')}` : ''}</Line>
                <Line name={t('record.refunded')}>{now.refunded_minor ? money(now.refunded_minor, now.currency) : ''}</Line>
                <Line name={t('record.method')}>{now.method}</Line>
                <Line name={t('record.status')}>{now.status}</Line>
                <Line name={t('record.source')}>{sourceName(now.source)}</Line>
                <Line name={t('record.billcategory')}>{now.bill_category}</Line>
                <Line name={t('record.number')}>{now.external_id}</Line>
            </dl>
        </Dialog>
    );
}

function CategoryForm({ record, by, onSaved }) {
    const tree = useLoad((signal) => api.get('/categories', signal), []);
    const [chosen, setChosen] = useState(record.category_key ?? '');
    const [only, setOnly] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    if (!tree.data) return tree.error ? <p class="bad" role="alert">{tree.error.message}</p> : <Loading lines={1} />;
    const save = async (event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            const { changed } = await api.post('/categorize', { record: record.id, category: chosen, only });
            await onSaved(changed);
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    return (
        <form class="category-form" onSubmit={save}>
            <label class="field">
                <span>{t('record.category')}{by && <small> · {by}</small>}</span>
                <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
                    {!record.category_key && <option value="">{t('record.none')}</option>}
                    {tree.data.categories.map((top) => (
                        <optgroup key={top.key} label={top.name}>
                            <option value={top.key}>{top.name}</option>
                            {top.subcategories.map((sub) => <option key={sub.key} value={sub.key}>{top.name} · {sub.name}</option>)}
                        </optgroup>
                    ))}
                </select>
            </label>
            {chosen !== (record.category_key ?? '') && (
                <>
                    <label class="check"><input type="checkbox" checked={only} onChange={(event) => setOnly(event.target.checked)} /> {t('record.only')}</label>
                    <button class="button primary" disabled={busy || !chosen}>{t('record.save')}</button>
                </>
            )}
            {error && <p class="bad" role="alert">{error.message}</p>}
        </form>
    );
}
