// SPDX-License-Identifier: Apache-2.0
// A category's mark: the first sign of its name in the category's own hue. Hues follow the key, not the name, so that both languages
// and every list agree.
const hues = {
    food: 28, transport: 212, shopping: 330, daily: 168, home: 262, telecom: 196, entertainment: 290, subscription: 240, health: 4,
    education: 48, beauty: 316, fitness: 96, pet: 36, travel: 184, services: 228, social: 350, finance: 150, income: 164, transfer: 204, other: 210,
};

const tops = Object.keys(hues); // in the order of the tree: number 100 is food, 200 transport, …

export function topKey(id) {
    return tops[Math.floor(id / 100) - 1] ?? 'other';
}

export function hueOf(key) {
    return hues[(key ?? '').split('.')[0]] ?? hues.other;
}

export function CategoryMark({ name, categoryKey }) {
    return <span class="mark" aria-hidden="true" style={{ '--hue': hueOf(categoryKey) }}>{[...(name || '·')][0]}</span>;
}
