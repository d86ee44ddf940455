/** @file axe on the part of a page that belongs to the plugin; Grafana's own parts are Grafana's to check. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/**
 * Fails when axe finds a fault of WCAG 2.1 A or AA inside an element.
 * @param scope - CSS selector of the plugin's part of the page
 * @param others - selectors of parts within it that are Grafana's
 */
export async function checkAccessibility(page: Page, scope: string, others: readonly string[] = []): Promise<void> {
  const builder = others.reduce((axe, other) => axe.exclude(other), new AxeBuilder({ page }).include(scope));
  const { violations } = await builder.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => node.html).join('\n')}`);
  expect(told).toEqual([]);
}
