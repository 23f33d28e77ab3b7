// SPDX-License-Identifier: Apache-2.0
// What was imported before, each with a way back.
import { useState } from 'preact/hooks';
import * as api from '../api.js';
import { count, dayShort } from '../format.js';
import { has, t } from '../words.js';
import { notify, useLoad } from './ui.jsx';

export function PastImports({ version, onUndone }) {
    const past = useLoad((signal) => api.get('/imports', signal), [version]);
    const imports = (past.data?.imports ?? []).filter((one) => one.left > 0); // undone or erased: nothing is left of it
    if (imports.length === 0) return null;
    return (
        <details class="card past" open={innerWidth >= 960}>
            <summary>{t('bills.past')}</summary>
            <ul class="plain">
                {imports.slice(0, 8).map((one) => <Past key={one.id} one={one} onUndone={() => { past.reload(); onUndone(); }} />)}
            </ul>
        </details>
    );
}

/* Asks once more in place, since undoing takes records away. */
function Past({ one, onUndone }) {
    const [sure, setSure] = useState(false);
    const [error, setError] = useState(null);
    const day = dayShort(one.time.slice(0, 10));
    const name = one.format?.split('_')[0];
    const undo = async () => {
        if (!sure) {
            setSure(true);
            return;
        }
        try {
            await api.remove(`/imports/${one.id}`);
            notify(t('bills.undone'));
            onUndone();
        } catch (failure) {
            setError(failure);
            setSure(false);
        }
    };
    return (
        <li class="item">
            <div class="item-main">
                <span class="item-name">{has(`source.${name}`) ? t(`source.${name}`) : one.format} · {day}</span>
                <span class="item-why">{t('bills.past.row', { rows: count(one.rows), added: count(one.added) })}</span>
                {error && <span class="bad" role="alert">{error.message}</span>}
            </div>
            <button class={`button small ${sure ? 'danger' : ''}`} aria-label={sure ? undefined : t('bills.undo.label', { day })} onClick={undo} onBlur={() => setSure(false)}>
                {t(sure ? 'bills.undo.sure' : 'bills.undo')}
            </button>
        </li>
    );
}
