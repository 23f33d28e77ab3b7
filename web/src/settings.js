// SPDX-License-Identifier: Apache-2.0
// Language and theme: the only things that this page keeps in the browser. Nothing of the ledger is ever kept there.
const listeners = new Set();

function read(name, allowed) {
    try {
        const value = localStorage.getItem(`tael-${name}`);
        return allowed.includes(value) ? value : null;
    } catch {
        return null; // storage may be forbidden: then the system's settings hold
    }
}

export const settings = {
    language: read('language', ['zh', 'en']) ?? ((navigator.language || 'zh').startsWith('zh') ? 'zh' : 'en'),
    theme: read('theme', ['light', 'dark']) ?? 'system',
};

export function apply() {
    const root = document.documentElement;
    root.lang = settings.language === 'zh' ? 'zh-CN' : 'en';
    if (settings.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = settings.theme;
}

export function isDark() {
    return settings.theme === 'dark' || (settings.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}

export function set(name, value) {
    settings[name] = value;
    try {
        localStorage.setItem(`tael-${name}`, value);
    } catch {
        // It holds until the page is closed.
    }
    apply();
    for (const listener of listeners) listener();
}

export function onChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const listener of listeners) listener();
});
