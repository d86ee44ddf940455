/** @file Picks an option of Grafana's list fields, as a person does. */
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

/** Opens the field with this label and clicks the option with exactly this text (its description not counted). */
export async function choose(label: string, option: string): Promise<void> {
  // Whether a style forbids clicks is not asked: that, too, is worked out from all styles.
  const user = userEvent.setup({ pointerEventsCheck: 0 });
  await user.click(screen.getByLabelText(label));
  // By role would be slow: each role is worked out from all styles of the page.
  await user.click(await screen.findByText(option, { selector: '[role="option"] *' }));
}
