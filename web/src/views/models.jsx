// SPDX-License-Identifier: Apache-2.0
// Models: what this device can run, fetching one with its progress, and which one is in use.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { bytes, params } from '../format.js';
import { Failed, Loading, notify, Quiet, useLoad } from '../parts/ui.jsx';
import { t } from '../words.js';

export function Models() {
    const models = useLoad((signal) => api.get('/models', signal), []);
    const [busy, setBusy] = useState(null); // { name, bytes, total }
    const [error, setError] = useState(null);
    const pull = async (name, total) => {
        setError(null);
        setBusy({ name, bytes: 0, total });
        try {
            await api.stream('/models/pull', { name }, (_, data) => {
                if (data.bytes !== undefined) setBusy({ name, bytes: data.bytes, total: data.total || total });
            });
            notify(t('models.pulled', { name }));
            models.reload();
        } catch (failure) {
            setError({ name, message: failure.message });
        }
        setBusy(null);
    };
    const use = async (name) => {
        setError(null);
        try {
            await api.post('/models/use', { name });
            notify(t('models.using', { name }));
            models.reload();
        } catch (failure) {
            setError({ name, message: failure.message });
        }
    };
    if (models.error && !models.data) return <><h1>{t('models.title')}</h1><Failed error={models.error} retry={models.reload} /></>;
    if (!models.data) return <><h1>{t('models.title')}</h1><Loading lines={6} /></>;
    const { active } = models.data;
    const isActive = (m) => Boolean(active) && (active === m.name || active === m.path || active.name === m.name);
    const row = (m) => <Model key={m.name} model={m} active={isActive(m)} busy={busy} error={error?.name === m.name ? error : null} onPull={pull} onUse={use} />;
    const fits = models.data.models.filter((m) => m.fits).sort((a, b) => isActive(b) - isActive(a) || b.installed - a.installed);
    const rest = models.data.models.filter((m) => !m.fits);
    return (
        <>
            <h1>{t('models.title')}</h1>
            <p class="lead">{t('models.text')}</p>
            <h2 class="section">{t('models.runnable')}</h2>
            {fits.length === 0 && <Quiet>{t('models.empty')}</Quiet>}
            <ul class="plain model-list">{fits.map(row)}</ul>
            {rest.length > 0 && <><h2 class="section">{t('models.others')}</h2><ul class="plain model-list">{rest.map(row)}</ul></>}
        </>
    );
}

function Model({ model: m, active, busy, error, onPull, onUse }) {
    const pulling = busy?.name === m.name;
    return (
        <li class={`card model ${active ? 'active' : ''} ${m.fits ? '' : 'unfit'}`}>
            <div class="model-head">
                <h3>{m.name}</h3>
                {active ? <span class="tag good">{t('models.active')}</span> : m.installed ? <span class="tag plain-tag">{t('models.installed')}</span> : !m.fits && <span class="tag amount">{t('models.big')}</span>}
            </div>
            <dl class="facts">
                <div><dt>{t('models.size')}</dt><dd>{bytes(m.bytes)}</dd></div>
                <div><dt>{t('models.memory')}</dt><dd>{bytes(m.needs_bytes)}</dd></div>
                <div><dt>{t('models.params')}</dt><dd>{params(m.params)} · {m.quant}</dd></div>
                <div><dt>{t('models.license')}</dt><dd>{m.license}</dd></div>
            </dl>
            {m.predicted_decode_tps > 0 && <p class="quiet">{t('models.speed', { speed: Math.round(m.predicted_decode_tps) })}</p>}
            {error && <p class="bad" role="alert">{error.message}</p>}
            {pulling && (
                <div class="pulling">
                    <progress max={busy.total || 1} value={busy.bytes} aria-label={t('models.pulling', { name: m.name })} />
                    <span>{bytes(busy.bytes)} / {bytes(busy.total || m.bytes)}</span>
                </div>
            )}
            {!pulling && !m.installed && m.fits && <button class="button" disabled={Boolean(busy)} aria-label={t('models.pull.label', { name: m.name, size: bytes(m.bytes) })} onClick={() => onPull(m.name, m.bytes)}>{t('models.pull')}</button>}
            {!pulling && m.installed && !active && m.fits && <button class="button" aria-label={t('models.use.label', { name: m.name })} onClick={() => onUse(m.name)}>{t('models.use')}</button>}
        </li>
    );
}
