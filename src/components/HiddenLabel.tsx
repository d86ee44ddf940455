/** @file A label for screen readers, where the place of a field says enough to the eye. */
import { css } from '@emotion/css';
import React from 'react';

const hidden = css({
  position: 'absolute',
  width: 1,
  height: 1,
  margin: -1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
});

export function HiddenLabel({ htmlFor, children }: { htmlFor: string; children: string }) {
  return (
    <label htmlFor={htmlFor} className={hidden}>
      {children}
    </label>
  );
}
