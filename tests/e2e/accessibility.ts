/** @file axe on the part of a page that belongs to the plugin; Grafana's own parts are Grafana's to check. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/**
 * Fails when axe finds a fault of WCAG 2.1 A or AA inside an element.
 * @param scope - CSS selector of the plugin's part of the page
 */
export async function checkAccessibility(page: Page, scope: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include(scope)
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => node.html).join('\n')}`);
  expect(told).toEqual([]);
}
