// SPDX-License-Identifier: Apache-2.0
// Privacy: what was learned and how to have it forgotten, what is allowed, everything out, and everything gone.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { bytes, count, dayShort } from '../format.js';
import { EraseDialog } from '../parts/erase_dialog.jsx';
import { Icon } from '../parts/icons.jsx';
import { Card, Failed, Loading, notify, Quiet, useLoad } from '../parts/ui.jsx';
import { t } from '../words.js';

export function Privacy() {
    const [erasing, setErasing] = useState(false);
    const [version, setVersion] = useState(0);
    return (
        <>
            <h1>{t('privacy.title')}</h1>
            <div class="privacy-grid" key={version}>
                <Learned />
                <div class="privacy-side">
                    <Consents onChanged={() => setVersion((v) => v + 1)} />
                    <Export />
                    <Card title={t('privacy.erase')}>
                        <p class="lead">{t('privacy.erase.text')}</p>
                        <button class="button danger" onClick={() => setErasing(true)}><Icon name="trash" />{t('privacy.erase.do')}</button>
                    </Card>
                </div>
            </div>
            {erasing && <EraseDialog onClose={() => setErasing(false)} onErased={() => { setErasing(false); setVersion((v) => v + 1); notify(t('privacy.erased')); }} />}
        </>
    );
}

/* Everything learned, one line a merchant or category, the most regular first. */
function linesOf(habits) {
    const seen = new Map();
    for (const r of habits.recurring ?? []) if (!seen.has(r.merchant)) seen.set(r.merchant, { kind: 'merchant', name: r.merchant, why: r.why });
    for (const n of habits.next ?? []) if (n.kind !== 'item' && !seen.has(n.name)) seen.set(n.name, { kind: n.kind, name: n.name, why: n.why });
    return [...seen.values()];
}

function Learned() {
    const habits = useLoad((signal) => api.get('/habits', signal), []);
    const [find, setFind] = useState('');
    const [shown, setShown] = useState(8);
    const [error, setError] = useState(null);
    const change = async (line, undo) => {
        setError(null);
        try {
            await api.post('/habits/forget', { [line.kind]: line.name, ...(undo ? { undo: true } : {}) });
            if (!undo) notify(t('privacy.forgotten', { name: line.name }));
            habits.reload();
        } catch (failure) {
            setError(failure);
        }
    };
    if (habits.error && !habits.data) {
        return <Card title={t('privacy.learned')}>{habits.error.code === 'denied' ? <Quiet>{t('privacy.learned.off')}</Quiet> : <Failed error={habits.error} retry={habits.reload} />}</Card>;
    }
    if (!habits.data) return <Card title={t('privacy.learned')}><Loading lines={8} /></Card>;
    const lines = linesOf(habits.data).filter((line) => line.name.toLowerCase().includes(find.trim().toLowerCase()));
    const forgotten = habits.data.left_out ?? [];
    return (
        <Card title={t('privacy.learned')} className="learned">
            {habits.data.records > 0 && <p class="lead">{t('privacy.learned.text', { from: dayShort(habits.data.first_day, '0000'), to: dayShort(habits.data.last_day, '0000'), records: count(habits.data.records), merchants: count(habits.data.merchants) })}</p>}
            {error && <p class="bad" role="alert">{error.message}</p>}
            {lines.length === 0 && !find && <Quiet>{t('privacy.learned.empty')}</Quiet>}
            {(lines.length > 8 || find) && <label class="search"><Icon name="search" /><input type="search" value={find} placeholder={t('privacy.find')} aria-label={t('privacy.find')} onInput={(event) => setFind(event.target.value)} /></label>}
            <ul class="plain">
                {lines.slice(0, shown).map((line) => (
                    <li key={line.kind + line.name} class="item">
                        <div class="item-main"><span class="item-name">{line.name}</span><span class="item-why">{line.why}</span></div>
                        <button class="button small" aria-label={t('privacy.forget.label', { name: line.name })} onClick={() => change(line, false)}>{t('privacy.forget')}</button>
                    </li>
                ))}
            </ul>
            {lines.length > shown && <button class="button ghost wide" onClick={() => setShown(shown + 30)}>{t('more')}</button>}
            {forgotten.length > 0 && (
                <>
                    <h3 class="section">{t('privacy.forgotten.list')}</h3>
                    <ul class="plain">
                        {forgotten.map((line) => (
                            <li key={line.kind + line.name} class="item">
                                <div class="item-main"><span class="item-name">{line.name}</span></div>
                                <button class="button small" aria-label={t('privacy.undo.label', { name: line.name })} onClick={() => change(line, true)}>{t('privacy.undo')}</button>
                            </li>
                        ))}
                    </ul>
                </>
            )}
        </Card>
    );
}

function Consents({ onChanged }) {
    const consents = useLoad((signal) => api.get('/consents', signal), []);
    const [error, setError] = useState(null);
    const [said, setSaid] = useState({}); // by kind: shown at once, taken back when the ledger refuses
    const put = async (kind, allowed) => {
        setError(null);
        setSaid((old) => ({ ...old, [kind]: allowed }));
        try {
            await api.post('/consents', { kind, allowed });
            if (kind === 'habits') onChanged();
        } catch (failure) {
            setError(failure);
            setSaid((old) => ({ ...old, [kind]: !allowed }));
        }
    };
    return (
        <Card title={t('privacy.consents')}>
            <p class="lead">{t('privacy.consents.text')}</p>
            {error && <p class="bad" role="alert">{error.message}</p>}
            {consents.error && !consents.data && <Failed error={consents.error} retry={consents.reload} />}
            {!consents.data && !consents.error && <Loading lines={5} />}
            <ul class="plain">
                {consents.data?.consents.map((c) => (
                    <li key={c.kind}>
                        <label class="switch-row">
                            <span class="item-main">
                                <span class="consent">{c.what}</span>
                                <span class={`item-why ${c.leaves_device ? 'leaves' : ''}`}>{t(c.leaves_device ? 'privacy.leaves' : 'privacy.stays')}</span>
                            </span>
                            <input type="checkbox" role="switch" class="switch" checked={said[c.kind] ?? c.allowed} onChange={(event) => put(c.kind, event.target.checked)} />
                        </label>
                    </li>
                ))}
            </ul>
        </Card>
    );
}

function Export() {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const save = async () => {
        setBusy(true);
        setError(null);
        try {
            const { blob, name } = await api.download('/export');
            const link = document.createElement('a');
            link.href = URL.createObjectURL(blob);
            link.download = name;
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
            notify(t('privacy.export.done', { size: bytes(blob.size) }));
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    return (
        <Card title={t('privacy.export')}>
            <p class="lead">{t('privacy.export.text')}</p>
            {error && <p class="bad" role="alert">{error.message}</p>}
            <button class="button" disabled={busy} onClick={save}><Icon name="download" />{t('privacy.export.do')}</button>
        </Card>
    );
}
