/** No violation that axe knows of on any screen, light and dark; and the whole journey by keyboard alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../integration/command.ts';
import { askQuestion, CHROMIUM, dropFiles, type RunningApp, startApp } from './app.ts';
import { violations } from './axe.ts';

const WAIT = { timeout: 240_000 };
const TEXT = `${'The weather was fair and nothing was said of it. '.repeat(60)}The access code of the Harlow Bank is 73519. ${'Nobody came. '.repeat(200)}`;
const QUESTION = 'What is the access code of the Harlow Bank?';

describe.skipIf(!CHROMIUM)('accessibility', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp(temporaryFolder());
  });
  afterAll(() => app?.stop());

  it.each(['light', 'dark'] as const)('axe finds nothing on any screen (%s)', async (scheme) => {
    const page = await app.open({ colorScheme: scheme, bypassCSP: true });
    await page.locator('.library').waitFor(WAIT);
    const found: Record<string, string[]> = { welcome: await violations(page) };
    await dropFiles(page, [{ name: `weather-${scheme}.txt`, bytes: Buffer.from(TEXT) }]);
    await page
      .locator('[data-selected="true"]', { hasText: `weather-${scheme}` })
      .locator('[data-reading="read"]')
      .waitFor(WAIT);
    await askQuestion(page, QUESTION);
    await page.locator('.chip').first().click(WAIT);
    await page.locator('.text section').first().waitFor(WAIT);
    await page.locator('.gauge .summary').click();
    found.answered = await violations(page);
    await page.getByRole('switch').click();
    await askQuestion(page, QUESTION);
    await page.locator('.verdict').waitFor(WAIT);
    found.compared = await violations(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.locator('dialog[open]').waitFor(WAIT);
    found.settings = await violations(page);
    await page.getByRole('button', { name: 'Models …' }).click();
    await page.locator('.models').waitFor(WAIT);
    found.models = await violations(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'What fits?' }).first().click();
    await page.locator('.fits').waitFor(WAIT);
    found.fit = await violations(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Paste text' }).click();
    await page.locator('dialog[open]').waitFor(WAIT);
    found.paste = await violations(page);
    await page.context().close();
    expect(Object.fromEntries(Object.entries(found).filter(([, each]) => each.length > 0))).toEqual({});
  });

  it('the journey by keyboard alone', async () => {
    const page = await app.open();
    await page.locator('.library').waitFor(WAIT);
    const tabTo = async (name: RegExp) => {
      for (let pressed = 0; pressed < 80; pressed++) {
        await page.keyboard.press('Tab');
        const label = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement | null;
          return element?.getAttribute('aria-label') ?? element?.id ?? element?.textContent ?? '';
        });
        const text = await page.evaluate(() => document.activeElement?.textContent ?? '');
        if (name.test(label) || name.test(text)) return;
      }
      throw new Error(`${name} was not reached by Tab`);
    };
    await tabTo(/^Paste text$/);
    await page.keyboard.press('Enter');
    // The dialog begins at its close button; name and text follow.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.insertText(TEXT);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page
      .locator('[data-selected="true"]', { hasText: 'Pasted text' })
      .locator('[data-reading="read"]')
      .waitFor(WAIT);
    await tabTo(/^question$/);
    await page.keyboard.type(QUESTION);
    await page.keyboard.press('Enter');
    await page.locator('.chip').first().waitFor(WAIT);
    await tabTo(/^Page \d+ · .* show it$/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);
    await tabTo(/^Hide document$/);
    await page.keyboard.press('Enter');
    await page.locator('.pane').waitFor({ state: 'detached', ...WAIT });
    await tabTo(/^KV cache/);
    await page.keyboard.press('Enter');
    await page.locator('.gauge .details').waitFor(WAIT);
    await tabTo(/^compare$/);
    await page.keyboard.press('Space');
    await tabTo(/^question$/);
    await page.keyboard.type(QUESTION);
    await page.keyboard.press('Enter');
    await page.locator('.verdict').waitFor(WAIT);
    await tabTo(/^What fits\?$/);
    await page.keyboard.press('Enter');
    await page.locator('dialog .fits').waitFor(WAIT);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached', ...WAIT });
    await page.context().close();
  });
});
