// SPDX-License-Identifier: Apache-2.0
// What was learned can be forgotten and brought back, consents hold in the ledger, the export is a whole archive, and only a typed word
// erases.
import { readFileSync } from 'node:fs';
import { check, leave, open, run, same } from './support.mjs';

const learned = (home) => home.run('habits', 'recurring').recurring.map((r) => r.merchant);

async function forgotten(browser, home) {
    const page = await open(browser, home, { path: 'privacy' });
    const name = learned(home)[0];
    await page.getByRole('button', { name: `忘掉关于 ${name} 的习惯`, exact: true }).click();
    await page.getByRole('button', { name: `恢复 ${name}`, exact: true }).waitFor();
    check(!learned(home).includes(name), 'a merchant is forgotten');
    await page.reload();
    await page.getByRole('button', { name: `恢复 ${name}`, exact: true }).click();
    await page.getByRole('button', { name: `忘掉关于 ${name} 的习惯`, exact: true }).waitFor();
    check(learned(home).includes(name), 'and learned again');
    await leave(page);
}

async function consents(browser, home) {
    const page = await open(browser, home, { size: 'desktop', language: 'en', path: 'privacy' });
    const kinds = () => Object.fromEntries(home.run('consent').consents.map((c) => [c.kind, c.allowed]));
    const at = home.run('consent').consents.findIndex((c) => c.kind === 'diagnostics');
    const put = page.getByRole('switch').nth(at);
    await put.waitFor();
    same(await put.isChecked(), false, 'what leaves the device is off');
    const stored = () => page.waitForResponse((r) => r.url().endsWith('/api/consents') && r.request().method() === 'POST');
    await Promise.all([stored(), put.check()]);
    same(kinds().diagnostics, true, 'a consent is in the ledger');
    await Promise.all([stored(), put.uncheck()]);
    same(kinds().diagnostics, false, 'and taken back');
    await page.route('**/api/consents', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
    await put.click();
    await page.locator('.bad[role=alert]').waitFor();
    same(await put.isChecked(), false, 'what the ledger did not take is not shown as taken');
    await page.unroute('**/api/consents');
    await page.getByRole('switch').first().uncheck();
    await page.getByText('Learning of habits is off').first().waitFor();
    await page.goto(page.url().replace('/privacy', '/home'));
    await page.waitForSelector('.month .hero');
    same(await page.locator('.expected').count(), 0, 'without consent nothing is foretold');
    home.run('consent', 'habits', 'on');
    await leave(page);
}

async function exported(browser, home) {
    const page = await open(browser, home, { path: 'privacy' });
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: '导出 ZIP' }).click();
    const download = await waiting;
    const bytes = readFileSync(await download.path());
    same(bytes.subarray(0, 2).toString(), 'PK', 'the export is an archive');
    check(bytes.includes('records.csv') || bytes.includes('.csv'), 'with a table');
    check(download.suggestedFilename().endsWith('.zip'), 'and a name');
    await leave(page);
}

async function erased(browser, home) {
    const page = await open(browser, home, { path: 'privacy' });
    await page.getByRole('button', { name: '抹除…' }).click();
    const now = page.getByRole('button', { name: '永久抹除' });
    check(await now.isDisabled(), 'nothing is erased without the word');
    await page.getByLabel(/以确认/).fill('删除');
    check(await now.isDisabled(), 'nor by another word');
    await page.getByLabel(/以确认/).fill('抹除');
    await now.click();
    await page.waitForSelector('dialog', { state: 'detached' });
    same(home.run('ledger', '--limit', '1').total, 0, 'all records are gone');
    await leave(page);
}

await run(async (browser, home) => {
    home.run('import', home.makeBill());
    await home.serve();
    await forgotten(browser, home);
    await consents(browser, home);
    await exported(browser, home);
    await erased(browser, home);
});
