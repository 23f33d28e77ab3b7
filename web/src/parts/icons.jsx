// SPDX-License-Identifier: Apache-2.0
// Line icons of 24 units; each is decoration beside words, so screen readers skip them.
const paths = {
    home: 'M4 11l8-7 8 7v8.5a.5.5 0 01-.5.5H14v-6h-4v6H4.5a.5.5 0 01-.5-.5z',
    ask: 'M4 5.5h16v11H11l-4.5 3.5v-3.5H4zM8.5 9.5h7M8.5 12.5h4.5',
    bills: 'M6 3.5h12v17l-2.4-1.6-1.8 1.6-1.8-1.6-1.8 1.6-1.8-1.6L6 20.5zM9 8h6M9 11.5h6M9 15h3.5',
    models: 'M7 7h10v10H7zM10 3.5V7M14 3.5V7M10 17v3.5M14 17v3.5M3.5 10H7M3.5 14H7M17 10h3.5M17 14h3.5',
    privacy: 'M12 3.5l7 2.7v5.3c0 4.3-2.9 7.3-7 9-4.1-1.7-7-4.7-7-9V6.2zM9 12l2.2 2.2L15.3 10',
    close: 'M6 6l12 12M18 6L6 18',
    search: 'M10.5 4.5a6 6 0 110 12 6 6 0 010-12zM15 15l5 5',
    filter: 'M4 7h16M7 12h10M10 17h4',
    upload: 'M12 15.5V4.5M7.5 9L12 4.5 16.5 9M4.5 15.5v4h15v-4',
    send: 'M12 19V5M6 11l6-6 6 6',
    stop: 'M7 7h10v10H7z',
    lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
    theme: 'M12 4a8 8 0 100 16zM12 4a8 8 0 010 16',
    chevron: 'M9.5 6l6 6-6 6',
    alert: 'M12 4l9 16H3zM12 10v4.5M12 17v.5',
    check: 'M5 12.5l4.5 4.5L19 7.5',
    download: 'M12 4.5v11M7.5 11l4.5 4.5 4.5-4.5M4.5 19.5h15',
    trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l1 12.5h8L17 7',
};

export function Icon({ name }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={paths[name]} />
        </svg>
    );
}

/* The seal: 两, the tael. */
export function Seal() {
    return (
        <svg class="seal" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8" />
            <path d="M7 9h18M9 14h14v10M9 14v10M13 9v6l-2 5M19 9v6l2 5" />
        </svg>
    );
}
