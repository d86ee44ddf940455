/** @file Attributes of a span and the names they have in another data source. */
import { Button, Input, Stack } from '@grafana/ui';
import React from 'react';
import type { TagMapping } from '../../types';

interface Props {
  /** What the tags are for, for screen readers. */
  name: string;
  tags: TagMapping[];
  onChange: (tags: TagMapping[]) => void;
}

export function TagMappings({ name, tags, onChange }: Props) {
  const set = (at: number, change: Partial<TagMapping>) =>
    onChange(tags.map((tag, index) => (index === at ? { ...tag, ...change } : tag)));
  return (
    <Stack direction="column" gap={0.5} alignItems="flex-start">
      {tags.map(({ key, value }, index) => (
        <Stack key={index} direction="row" gap={0.5} alignItems="center">
          <Input
            aria-label={`${name}: attribute ${index + 1}`}
            width={25}
            placeholder="attribute, e.g. service.name"
            value={key}
            onChange={(event) => set(index, { key: event.currentTarget.value })}
          />
          <span>as</span>
          <Input
            aria-label={`${name}: name ${index + 1} in the other data source`}
            width={25}
            placeholder="the same name"
            value={value ?? ''}
            onChange={(event) => set(index, { value: event.currentTarget.value || undefined })}
          />
          <Button
            variant="secondary"
            icon="times"
            aria-label={`Remove attribute ${index + 1}`}
            onClick={() => onChange(tags.filter((_, other) => other !== index))}
          />
        </Stack>
      ))}
      <Button variant="secondary" icon="plus" onClick={() => onChange([...tags, { key: '' }])}>
        Add attribute
      </Button>
    </Stack>
  );
}
