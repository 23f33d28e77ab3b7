// SPDX-License-Identifier: Apache-2.0
// The records behind a figure: a page of them at a time, by their numbers.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { count } from '../format.js';
import { t } from '../words.js';
import { RecordDialog, RecordRow } from './record.jsx';
import { Dialog, Failed, Loading, Quiet, useLoad } from './ui.jsx';

const page = 100;

export function RowsDialog({ title, ids, today, onClose }) {
    const [shown, setShown] = useState(page);
    const [open, setOpen] = useState(null);
    const rows = useLoad(async (signal) => {
        const parts = [];
        for (let at = 0; at < Math.min(shown, ids.length); at += page) {
            parts.push(api.get(`/records/${ids.slice(at, at + page).join(',')}`, signal));
        }
        return (await Promise.all(parts)).flatMap((part) => part.records);
    }, [shown]);
    return (
        <Dialog title={title} onClose={onClose}>
            {ids.length === 0 && <Quiet>{t('rows.none')}</Quiet>}
            {ids.length > 0 && <p class="dialog-note">{t('rows.count', { count: count(ids.length) })}</p>}
            {rows.error && <Failed error={rows.error} retry={rows.reload} />}
            {!rows.data && !rows.error && <Loading lines={4} />}
            {rows.data && <ul class="plain">{rows.data.map((record) => <li key={record.id}><RecordRow record={record} today={today} onOpen={setOpen} /></li>)}</ul>}
            {shown < ids.length && <button class="button wide" disabled={rows.loading} onClick={() => setShown(shown + page)}>{t('more')}</button>}
            {open && <RecordDialog record={open} onClose={() => setOpen(null)} onChanged={() => rows.reload()} />}
        </Dialog>
    );
}
