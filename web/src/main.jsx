// SPDX-License-Identifier: Apache-2.0
// The page's frame: what the address names is shown, with the navigation beside it (below it on a phone).
import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, Seal } from './parts/icons.jsx';
import { Notices } from './parts/ui.jsx';
import { apply, onChange, set, settings } from './settings.js';
import './style/page.css';
import { Ask } from './views/ask.jsx';
import { Bills } from './views/bills.jsx';
import { Home } from './views/home.jsx';
import { Models } from './views/models.jsx';
import { Privacy } from './views/privacy.jsx';
import { t } from './words.js';

const views = { home: Home, ask: Ask, bills: Bills, models: Models, privacy: Privacy };

/* #/bills?text=咖啡 → { name: "bills", values: { text: "咖啡" } } */
function readRoute() {
    const [path, search] = location.hash.replace(/^#\/?/, '').split('?');
    return { name: views[path] ? path : 'home', values: Object.fromEntries(new URLSearchParams(search ?? '')) };
}

function Navigation({ current }) {
    return (
        <nav class="nav" aria-label={t('nav.label')}>
            {Object.keys(views).map((name) => (
                <a key={name} href={`#/${name}`} aria-current={name === current ? 'page' : undefined}>
                    <Icon name={name} />
                    <span>{t(`nav.${name}`)}</span>
                </a>
            ))}
        </nav>
    );
}

function Switches() {
    return (
        <div class="switches">
            <label>
                <span class="hidden">{t('theme.label')}</span>
                <select value={settings.theme} onChange={(event) => set('theme', event.target.value)}>
                    {['system', 'light', 'dark'].map((theme) => <option key={theme} value={theme}>{t(`theme.${theme}`)}</option>)}
                </select>
            </label>
            <label>
                <span class="hidden">{t('language.label')}</span>
                <select value={settings.language} onChange={(event) => set('language', event.target.value)}>
                    <option value="zh">中文</option>
                    <option value="en">English</option>
                </select>
            </label>
        </div>
    );
}

function Page() {
    const [route, setRoute] = useState(readRoute);
    const [, redraw] = useState(0);
    const main = useRef(null);
    useEffect(() => onChange(() => redraw((n) => n + 1)), []);
    useLayoutEffect(() => { // a frame later the address may have changed already, unheard
        const follow = () => {
            const next = readRoute();
            setRoute((old) => {
                if (old.name !== next.name) {
                    scrollTo(0, 0);
                    main.current?.focus({ preventScroll: true });
                }
                return next;
            });
        };
        addEventListener('hashchange', follow);
        return () => removeEventListener('hashchange', follow);
    }, []);
    useEffect(() => {
        document.title = `${t(`nav.${route.name}`)} · Tael`;
    });
    const View = views[route.name];
    return (
        <div class="frame">
            <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current.focus(); }}>{t('app.skip')}</a>
            <header class="top">
                <a class="brand" href="#/home"><Seal /><span>{t('app.name')}</span></a>
                <Navigation current={route.name} />
                <p class="promise"><Icon name="lock" /><span>{t('app.private')}</span></p>
                <Switches />
            </header>
            <main id="main" ref={main} tabIndex={-1} class={`view ${route.name}`}>
                <View key={settings.language} values={route.values} />
            </main>
            <Notices />
        </div>
    );
}

apply();
render(<Page />, document.getElementById('page'));
