/** The calls by name, apart from their schemas: the preload needs no more than this. */
export const CALL_NAMES = [
  'getState',
  'getPages',
  'measure',
  'listModels',
  'read',
  'pauseReading',
  'cancelReading',
  'unlock',
  'removeDocument',
  'listConversations',
  'createConversation',
  'getConversation',
  'renameConversation',
  'deleteConversation',
  'ask',
  'editQuestion',
  'retry',
  'stop',
  'search',
  'exportConversation',
  'changeSettings',
  'clearData',
] as const;

export type CallName = (typeof CALL_NAMES)[number];
