// SPDX-License-Identifier: Apache-2.0
// Erasing asks for a typed word: a click can slip, a word can't.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { t } from '../words.js';
import { sourceName } from './record.jsx';
import { Dialog, useLoad } from './ui.jsx';

export function EraseDialog({ onClose, onErased }) {
    const home = useLoad((signal) => api.get('/home', signal), []);
    const sources = (home.data?.sources ?? []).map((source) => source.source ?? source);
    const [what, setWhat] = useState('all');
    const [source, setSource] = useState('');
    const [before, setBefore] = useState('');
    const [typed, setTyped] = useState('');
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const word = t('privacy.erase.word');
    const chosen = source || sources[0];
    const ready = typed.trim() === word && (what === 'all' || (what === 'source' ? chosen : before));
    const erase = async (event) => {
        event.preventDefault();
        if (!ready) return;
        setBusy(true);
        setError(null);
        try {
            await api.post('/erase', { ...(what === 'all' ? { all: true } : what === 'source' ? { source: chosen } : { before }), yes: true });
            onErased();
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    const choice = (name) => (
        <label class="check"><input type="radio" name="what" checked={what === name} onChange={() => setWhat(name)} /> {t(`privacy.erase.${name}`)}</label>
    );
    return (
        <Dialog title={t('privacy.erase.title')} onClose={onClose} kind="box">
            <form class="erase" onSubmit={erase}>
                <p>{t('privacy.erase.text')}</p>
                <fieldset>
                    <legend>{t('privacy.erase.what')}</legend>
                    {choice('all')}
                    {sources.length > 0 && choice('source')}
                    {what === 'source' && (
                        <label class="field"><span class="hidden">{t('record.source')}</span>
                            <select value={chosen} onChange={(event) => setSource(event.target.value)}>{sources.map((s) => <option key={s} value={s}>{sourceName(s)}</option>)}</select>
                        </label>
                    )}
                    {choice('before')}
                    {what === 'before' && <label class="field"><span>{t('privacy.erase.day')}</span><input type="date" value={before} onChange={(event) => setBefore(event.target.value)} /></label>}
                </fieldset>
                <label class="field">
                    <span>{t('privacy.erase.type', { word })}</span>
                    <input type="text" autoComplete="off" value={typed} onInput={(event) => setTyped(event.target.value)} />
                </label>
                {error && <p class="bad" role="alert">{error.message}</p>}
                <button class="button danger" disabled={!ready || busy}>{t('privacy.erase.now')}</button>
            </form>
        </Dialog>
    );
}
