// SPDX-License-Identifier: Apache-2.0
// Bills in, found again and corrected: a preview writes nothing, a locked archive asks for its password, a line left out says why, a
// search finds what the command finds, and a category that was corrected is the ledger's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, leave, open, root, run, same, squeeze } from './support.mjs';

const total = async (page) => {
    await page.waitForSelector('.list-head, .list-card .state');
    return squeeze(await page.locator('.list-head').innerText()).match(/共([\d,]+)笔/)?.[1].replace(/,/g, '');
};
const counts = async (page) => (await page.locator('dialog .counts').first().locator('dd').allInnerTexts()).map((text) => Number(text.replace(/,/g, '')));

async function taken(browser, home, bill) {
    const page = await open(browser, home, { path: 'bills' });
    await page.locator('input[type=file]').setInputFiles(bill);
    await page.waitForSelector('dialog .counts');
    const [rows, fresh, known, skipped] = await counts(page);
    const dry = home.run('import', '--dry-run', bill).files[0];
    same([rows, fresh, known, skipped], [dry.rows, dry.imported, dry.duplicates, dry.skipped.length], 'the preview is the command\'s');
    same(home.run('ledger', '--limit', '1').total, 0, 'a preview writes nothing');
    await page.locator('dialog .button.primary').click();
    await page.waitForSelector('dialog', { state: 'detached' });
    same(await total(page), String(fresh), 'all new rows are listed');
    same(home.run('ledger', '--limit', '1').total, fresh, 'and in the ledger');
    await page.locator('input[type=file]').setInputFiles(bill);
    await page.waitForSelector('dialog .counts');
    same((await counts(page))[1], 0, 'the same bill has nothing new');
    check(await page.locator('dialog .button.primary').isDisabled(), 'and can\'t be taken in again');
    await page.keyboard.press('Escape');
    await leave(page);
}

/* A bill with a line that can't be read, and a file that is no bill. */
async function faulty(browser, home, bill) {
    const lines = readFileSync(bill, 'latin1').split('\n');
    const first = lines.findIndex((line) => /^\d{4}-\d\d-\d\d/.test(line));
    lines[first] = lines[first].replace(/^\d{4}-/, '20x7-');
    const broken = home.write('broken.csv', Buffer.from(lines.slice(0, first + 4).join('\n') + '\n', 'latin1'));
    const other = home.write('recipe.txt', 'two eggs, some salt\n');
    const page = await open(browser, home, { size: 'desktop', theme: 'dark', path: 'bills' });
    await page.locator('input[type=file]').setInputFiles([broken, other]);
    await page.waitForSelector('dialog .bad');
    await page.locator('dialog details summary').click();
    const reason = home.run('import', '--dry-run', broken).files[0].skipped[0];
    check((await page.locator('dialog .skipped').innerText()).includes(reason.reason), 'why a line is left out');
    check((await page.locator('dialog .skipped').innerText()).includes(`第 ${reason.line} 行`), 'and which');
    await leave(page);
}

/* WeChat mails its bills in an archive under a password: tests/ledger/data/README.md. */
async function locked(browser, home) {
    const page = await open(browser, home, { path: 'bills', language: 'en' });
    await page.locator('input[type=file]').setInputFiles(join(root, 'tests/ledger/data/wechat-2019-aes256.zip'));
    await page.getByLabel(/Password of/).fill('000000');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.waitForSelector('dialog .bad');
    await page.getByLabel(/Password of/).fill('271828');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.waitForSelector('dialog .counts');
    check((await counts(page))[1] > 0, 'the right password opens it');
    await leave(page);
}

/* A file dropped anywhere on the page is read like one that was chosen. */
async function dropped(browser, home, bill) {
    const page = await open(browser, home, { size: 'desktop', path: 'bills' });
    await page.waitForSelector('.drop');
    const data = await page.evaluateHandle((text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'dropped.csv'));
        return transfer;
    }, readFileSync(bill).toString('base64'));
    await page.dispatchEvent('body', 'dragover', { dataTransfer: data });
    await page.waitForSelector('.drop.over');
    await page.dispatchEvent('body', 'drop', { dataTransfer: data });
    await page.waitForSelector('dialog .counts');
    check((await page.locator('dialog h3').first().innerText()).includes('dropped.csv'), 'a dropped file is previewed');
    await leave(page);
}

async function found(browser, home) {
    const page = await open(browser, home, { path: 'bills' });
    await page.waitForSelector('.record');
    await page.getByLabel('搜索账单').fill('瑞幸');
    const expected = home.run('ledger', '--text', '瑞幸', '--limit', '1').total;
    await page.waitForFunction((n) => document.querySelector('.list-head')?.innerText.replace(/[\s,]/g, '').includes(`共${n}笔`), expected);
    await page.getByLabel('收入').check({ force: true });
    await page.waitForSelector('.list-card .state');
    await page.getByRole('button', { name: '清除筛选' }).first().click();
    await page.waitForSelector('.record');
    let answer;
    await page.route('**/api/categories', async (route) => { // they come while an amount is being typed
        await new Promise((resolve) => { answer = resolve; });
        await route.continue();
    });
    await page.getByRole('button', { name: /^筛选/ }).click();
    await page.getByLabel('最低金额').fill('1000');
    answer();
    await page.waitForSelector('#filters option:nth-child(5)', { state: 'attached' });
    await page.keyboard.press('Tab');
    const large = home.run('ledger', '--min', '1000', '--limit', '1').total;
    await page.waitForFunction((n) => document.querySelector('.list-head')?.innerText.replace(/[\s,]/g, '').includes(`共${n}笔`), large);
    await page.getByLabel('最低金额').fill('abc');
    await page.keyboard.press('Tab');
    await page.waitForSelector('.list-card [role=alert]');
    await leave(page);
}

async function corrected(browser, home) {
    const page = await open(browser, home, { size: 'desktop', path: 'bills' });
    await page.getByLabel('搜索账单').fill('滴滴');
    await page.waitForFunction(() => document.querySelector('.record-name')?.innerText.includes('滴滴'));
    await page.evaluate(() => scrollTo(0, 1500));
    await page.waitForFunction(() => Number(document.querySelector('.row').getAttribute('aria-posinset')) > 5);
    const place = await page.evaluate(() => scrollY);
    await page.locator('.row .record').nth(12).click();
    await page.locator('.category-form select').selectOption('entertainment.game');
    await page.getByRole('button', { name: '保存类别' }).click();
    await page.waitForFunction(() => document.querySelector('.category-form small')?.innerText.includes('由您指定'));
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelectorAll('.row .mark').length > 5 && [...document.querySelectorAll('.row .mark')].every((mark) => mark.innerText === '娱'));
    same(await page.evaluate(() => scrollY), place, 'the list stays where it was');
    same(home.run('ledger', '--text', '滴滴', '--limit', '1').records[0].category_key, 'entertainment.game', 'the ledger knows the category');
    await leave(page);
}

async function undone(browser, home, bill) {
    const page = await open(browser, home, { size: 'desktop', path: 'bills' });
    const before = home.run('ledger', '--limit', '1').total;
    const undo = page.locator('.past .button').first();
    await undo.waitFor();
    await undo.click();
    same(home.run('ledger', '--limit', '1').total, before, 'one click undoes nothing yet');
    await undo.click();
    await page.waitForSelector('.list-card .state');
    same(home.run('ledger', '--limit', '1').total, 0, 'the import is undone');
    home.run('import', bill);
    await leave(page);
}

await run(async (browser, home) => {
    const bill = home.makeBill();
    await home.serve();
    await taken(browser, home, bill);
    await faulty(browser, home, bill);
    await locked(browser, home);
    await dropped(browser, home, bill);
    await found(browser, home);
    await corrected(browser, home);
    await undone(browser, home, bill);
});
