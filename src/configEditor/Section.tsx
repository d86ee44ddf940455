/** @file A part of the settings with a heading; the optional ones fold. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, Text, useStyles2 } from '@grafana/ui';
import React, { type ReactNode, useId, useState } from 'react';

interface Props {
  title: string;
  description: NonNullable<ReactNode>;
  children: ReactNode;
  /** Folds, and begins folded unless `open`. */
  collapsible?: boolean;
  open?: boolean;
}

export function Section({ title, description, children, collapsible = false, open = false }: Props) {
  const styles = useStyles2(getStyles);
  const [isOpen, setOpen] = useState(open || !collapsible);
  const id = useId();
  return (
    <section aria-labelledby={`${id}-title`} className={styles.section}>
      <h3 className={styles.title} id={`${id}-title`}>
        {collapsible ? (
          <button
            type="button"
            className={styles.toggle}
            aria-expanded={isOpen}
            aria-controls={`${id}-body`}
            onClick={() => setOpen(!isOpen)}
          >
            {title}
            <Icon name={isOpen ? 'angle-up' : 'angle-down'} size="xl" aria-hidden />
          </button>
        ) : (
          title
        )}
      </h3>
      <Text element="p" color="secondary">
        {description}
      </Text>
      <div id={`${id}-body`} hidden={!isOpen} className={styles.body}>
        {isOpen && children}
      </div>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ paddingBottom: theme.spacing(3), borderBottom: `1px solid ${theme.colors.border.weak}` }),
  title: css({ ...theme.typography.h3, margin: 0 }),
  toggle: css({
    display: 'flex',
    width: '100%',
    alignItems: 'center',
    justifyContent: 'space-between',
    padding: 0,
    border: 'none',
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    textAlign: 'left',
  }),
  body: css({ paddingTop: theme.spacing(2) }),
});
