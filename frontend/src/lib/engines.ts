/** engines say in words which part of the gateway decided where a request goes. */
export const engines: Record<string, string> = {
  identity: 'Caller',
  'routing-rule': 'Rule',
  governance: 'Virtual key',
  'model-catalog': 'Catalogue',
  core: 'Gateway',
};
