// SPDX-License-Identifier: Apache-2.0
// A model is fetched with its progress shown, put to use, and the service answers with it; the list is the command's.
import { check, leave, open, run, same, skip } from './support.mjs';

const name = 'smollm2-135m'; // the tests' small model: from the user's cache of models, else fetched once

await run(async (browser, home) => {
    home.run('import', home.makeBill());
    await home.serve();
    const page = await open(browser, home, { path: 'models' });
    await page.waitForSelector('.model');
    const models = home.run('models').models;
    same(await page.locator('.model').count(), models.length, 'every model of the catalogue');
    same(await page.locator('.model.unfit').count(), models.filter((m) => !m.fits).length, 'those too large stand apart');
    const card = page.locator('.model', { has: page.getByRole('heading', { name, exact: true }) });
    await card.getByRole('button', { name: `下载 ${name}` }).click();
    const use = card.getByRole('button', { name: `使用 ${name}` });
    await Promise.race([use.waitFor({ timeout: 600_000 }), card.locator('[role=alert]').waitFor({ timeout: 600_000 })]);
    if (await card.locator('[role=alert]').count()) {
        const why = await card.locator('[role=alert]').innerText();
        check(why.length > 10, 'a failed download says why');
        page.faults.length = 0;
        await leave(page);
        await home.close();
        skip(`${name} can't be fetched: ${why}`);
    }
    check(home.run('models').models.find((m) => m.name === name).installed, 'the model is on the device');
    await use.click();
    await card.getByText('使用中').waitFor();
    same(await page.locator('.model.active').count(), 1, 'one model is in use');
    await leave(page);
});
