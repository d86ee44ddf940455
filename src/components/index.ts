/** @file The door of src/components: small parts that several editors share. */
export { AttributeCombobox } from './AttributeCombobox';
export { HiddenLabel } from './HiddenLabel';
export { ServiceCombobox } from './ServiceCombobox';
export { useStableCallback } from './useStableCallback';
export { messageOf } from './messageOf';
export { ValuesField } from './ValuesField';
