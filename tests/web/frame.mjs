// SPDX-License-Identifier: Apache-2.0
// The frame around the views: by keyboard alone, the switches of theme and language and that they last, and what stands there when the
// service fails, is gone, or was started anew.
import { check, leave, open, run, same } from './support.mjs';

async function keyboard(browser, home) {
    const page = await open(browser, home, { size: 'desktop' });
    await page.waitForSelector('.month');
    await page.keyboard.press('Tab');
    same(await page.evaluate(() => document.activeElement.className), 'skip', 'the first stop leads past the navigation');
    check((await page.locator('.skip').boundingBox()).y >= 0, 'and is seen when it has the focus');
    await page.keyboard.press('Enter');
    same(await page.evaluate(() => document.activeElement.id), 'main', 'Enter goes to the content');
    await page.getByRole('link', { name: '账单', exact: true }).press('Enter');
    await page.waitForSelector('.record');
    same(await page.evaluate(() => document.activeElement.id), 'main', 'a new view has the focus');
    same(await page.locator('nav [aria-current=page]').innerText(), '账单', 'and is marked in the navigation');
    await page.getByLabel('搜索账单').focus();
    const outline = await page.locator('.search').evaluate((e) => getComputedStyle(e).outlineStyle);
    check(outline !== 'none', 'the focus is seen');
    await leave(page);
}

async function switches(browser, home) {
    const page = await open(browser, home);
    await page.waitForSelector('.month');
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByLabel('外观').selectOption('dark');
    const dark = await ground();
    check(light !== dark, 'the theme changes');
    await page.getByLabel('语言').selectOption('en');
    await page.getByText('Spent in').waitFor();
    same(await page.evaluate(() => document.documentElement.lang), 'en', 'the language is told to screen readers');
    check(/[A-Za-z]{4}/.test(await page.locator('.bar-name').first().innerText()), 'what the server says changes as well');
    await page.reload();
    await page.getByText('Spent in').waitFor();
    same(await ground(), dark, 'both last');
    same(await page.evaluate(() => Object.keys(localStorage).sort()), ['tael-language', 'tael-theme'], 'and nothing else is kept');
    await leave(page);
}

async function hurried(browser, home) {
    const page = await open(browser, home);
    await page.addInitScript(() => addEventListener('DOMContentLoaded', () => { location.hash = '#/ask'; }));
    await page.reload();
    await page.getByLabel('您的问题').waitFor(); // an address that changes while the page begins is followed
    await leave(page);
}

async function failures(browser, home) {
    const page = await open(browser, home, { path: 'privacy' });
    await page.route('**/api/home*', (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"error":{"code":"io","message":"磁盘读取失败；请检查磁盘"}}' }));
    await page.goto(`${home.ready.address}/#/home`);
    await page.getByText('磁盘读取失败').waitFor();
    await page.unroute('**/api/home*');
    await page.getByRole('button', { name: '再试一次' }).click();
    await page.waitForSelector('.month');
    await page.evaluate(() => { location.hash = '#/models'; });
    await page.waitForSelector('.model');
    await home.stop();
    await page.evaluate(() => { location.hash = '#/bills'; });
    await page.getByText('连不上 Tael').first().waitFor();
    await home.serve('--port', String(home.ready.port));
    await page.getByRole('button', { name: '再试一次' }).first().click();
    await page.getByText('页面已过期').first().waitFor();
    await page.reload();
    await page.waitForSelector('.record');
    await leave(page);
}

await run(async (browser, home) => {
    home.run('import', home.makeBill());
    await home.serve();
    await keyboard(browser, home);
    await switches(browser, home);
    await hurried(browser, home);
    await failures(browser, home);
});
