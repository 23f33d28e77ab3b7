// SPDX-License-Identifier: Apache-2.0
// Figures and days as people read them. Money stays an integer of minor units: it is cut into digits, never divided into a fraction.
import { settings } from './settings.js';
import { t } from './words.js';

const symbols = { CNY: '¥', USD: '$', EUR: '€', GBP: '£', HKD: 'HK$', JPY: 'JP¥', TWD: 'NT$', CAD: 'CA$', AUD: 'A$', SGD: 'S$', MOP: 'MOP$', KRW: '₩' };
const places = { JPY: 0, KRW: 0, VND: 0, ISK: 0, CLP: 0, BHD: 3, KWD: 3, OMR: 3, JOD: 3, TND: 3 };

function group(digits) {
    return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/* The parts of an amount: sign, symbol, whole units with their commas, and the rest with its point. */
export function moneyParts(minor, currency = 'CNY') {
    const digits = places[currency] ?? 2;
    const text = String(Math.abs(minor)).padStart(digits + 1, '0');
    const symbol = symbols[currency] ?? `${currency} `;
    return {
        sign: minor < 0 ? '−' : '',
        symbol,
        whole: group(text.slice(0, text.length - digits)),
        rest: digits ? `.${text.slice(-digits)}` : '',
    };
}

export function money(minor, currency) {
    const p = moneyParts(minor, currency);
    return p.sign + p.symbol + p.whole + p.rest;
}

/* Without the cents, rounded half up: for bands and axes, where they would only be noise. */
export function moneyRound(minor, currency = 'CNY') {
    const digits = places[currency] ?? 2;
    const unit = 10 ** digits;
    const up = Math.abs(minor) + Math.floor(unit / 2);
    const p = moneyParts((minor < 0 ? -1 : 1) * (up - (up % unit)), currency);
    return p.sign + p.symbol + p.whole;
}

/* For an axis: 8000 → 8千 or 8k, 12000 → 1.2万 or 12k. */
export function moneyShort(minor, currency = 'CNY') {
    const whole = Math.round(minor / 10 ** (places[currency] ?? 2));
    if (settings.language === 'zh') return Math.abs(whole) >= 10000 ? `${trim(whole / 10000)}万` : String(whole);
    return Math.abs(whole) >= 1000 ? `${trim(whole / 1000)}k` : String(whole);
}

function trim(value) {
    return String(Math.round(value * 10) / 10);
}

export function count(value) {
    return group(String(value));
}

export function bytes(value) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${value >= 100 || unit === 0 ? Math.round(value) : trim(value)} ${units[unit]}`;
}

export function params(value) {
    return value >= 1e9 ? `${trim(value / 1e9)}B` : `${Math.round(value / 1e6)}M`;
}

/* ---- Days: YYYY-MM-DD, reckoned in UTC so that no zone shifts them ---- */

const dayMs = 86_400_000;

export function dayNumber(day) {
    return Math.round(Date.parse(`${day}T00:00:00Z`) / dayMs);
}

export function dayText(number) {
    return new Date(number * dayMs).toISOString().slice(0, 10);
}

/* 0 is Monday. */
export function weekday(day) {
    return (dayNumber(day) + 3) % 7;
}

function locale() {
    return settings.language === 'zh' ? 'zh-CN' : 'en-GB';
}

function formatted(day, options) {
    return new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', ...options }).format(new Date(dayNumber(day) * dayMs));
}

export function dayLong(day, today) {
    const sameYear = today && day.slice(0, 4) === today.slice(0, 4);
    return formatted(day, { year: sameYear ? undefined : 'numeric', month: settings.language === 'zh' ? 'long' : 'short', day: 'numeric', weekday: 'short' });
}

export function dayShort(day, today) {
    const sameYear = !today || day.slice(0, 4) === today.slice(0, 4);
    return formatted(day, { year: sameYear ? undefined : 'numeric', month: settings.language === 'zh' ? 'long' : 'short', day: 'numeric' });
}

export function monthLong(month) {
    return formatted(`${month}-01`, { year: 'numeric', month: 'long' });
}

export function monthShort(month) {
    return settings.language === 'zh' ? `${+month.slice(5)}月` : formatted(`${month}-01`, { month: 'short' });
}

/* Today, tomorrow, in 5 days, 3 days ago. */
export function dayFrom(today, day) {
    const days = dayNumber(day) - dayNumber(today);
    if (days === 0) return t('day.today');
    if (days === 1) return t('day.tomorrow');
    if (days === 2 && settings.language === 'zh') return t('day.after');
    if (days === -1) return t('day.yesterday');
    return days > 0 ? t('day.in', { days }) : t('day.ago', { days: -days });
}

/* A record's own wall clock, not the browser's. */
export function clock(time) {
    return time.slice(11, 16);
}
