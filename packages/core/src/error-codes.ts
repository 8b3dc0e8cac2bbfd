/**
 * Every code that a `MoeError` can have. A code that is not here does not compile, nor does one that the table of HTTP answers
 * (`packages/api/src/error-table.ts`) does not know.
 */
export type ErrorCode =
  | RequestCode
  | RefusalCode
  | LedgerCode
  | JobCode
  | NetworkCode
  | ModelCode
  | HistoryCode
  | KeyCode
  | GuardCode
  | FileCode
  | HouseCode
  | TerminalCode
  | ClientCode;

/** What is wrong with a request, or with the moment. */
type RequestCode =
  | 'invalid-input'
  | 'invalid-amount'
  | 'invalid-json'
  | 'invalid-request'
  | 'unknown-parameter'
  | 'input-too-large'
  | 'input-too-short'
  | 'fee-too-low'
  | 'missing-key'
  | 'unknown-key'
  | 'forbidden-host'
  | 'forbidden-origin'
  | 'market-not-served'
  | 'unknown-edition'
  | 'edition-incomplete'
  | 'reserve-empty'
  | 'unknown-receipt'
  | 'unknown-blob'
  | 'unknown-url'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'request-aborted'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'expectation-failed'
  | 'queue-full'
  | 'rate-limited'
  | 'headers-too-large'
  | 'internal-error'
  | 'overloaded'
  | 'market-closed';

/** Why the ledger's rules refuse a transaction. A refused transaction changes nothing, not even the sender's nonce. */
export type RefusalCode =
  | 'wrong-network'
  | 'wrong-nonce'
  | 'invalid-genesis'
  | 'invalid-destination'
  | 'insufficient-funds'
  | 'below-minimum'
  | 'insufficient-stake'
  | 'not-authorised'
  | 'unknown-market'
  | 'unknown-node'
  | 'already-registered'
  | 'limit-reached'
  | 'locked-for-another-gateway'
  | 'not-canonical'
  | 'wrong-batch'
  | 'order-gap'
  | 'invalid-evidence'
  | 'already-punished'
  | 'not-conserved'
  | 'no-quorum'
  | 'invalid-terms'
  | 'invalid-edition'
  | 'price-changed'
  | 'market-closing'
  | 'node-leaving'
  | 'too-early'
  | 'too-late'
  | 'already-committed'
  | 'not-committed'
  | 'not-permitted';

/** What else the ledger, its log and its receipts say. */
type LedgerCode =
  | 'invalid-signature'
  | 'invalid-transaction'
  | 'invalid-account'
  | 'invalid-typed-data'
  | 'invalid-settlement'
  | 'ledger-refusal'
  | 'ledger-empty'
  | 'ledger-closed'
  | 'ledger-failed'
  | 'ledger-broken'
  | 'transaction-failed'
  | 'log-closed'
  | 'log-failed'
  | 'log-corrupt'
  | 'log-truncated'
  | 'receipts-closed'
  | 'receipts-failed';

/** What nodes say to one another about a job, an order or a settlement. */
type JobCode =
  | 'message-refused'
  | 'claim-refused'
  | 'bad-signature'
  | 'not-certified'
  | 'not-overdue'
  | 'order-open'
  | 'order-settled'
  | 'out-of-tickets'
  | 'settlement-incomplete'
  | 'settlement-unverifiable'
  | 'standings-incomplete'
  | 'unknown-account'
  | 'invalid-encoding'
  | 'invalid-text'
  | 'invalid-vector'
  | 'invalid-ranking-input';

type NetworkCode =
  | 'already-connected'
  | 'protocol-taken'
  | 'peer-unreachable'
  | 'message-too-large'
  | 'unknown-protocol'
  | 'handler-failed';

type ModelCode =
  | 'backend-unavailable'
  | 'backend-timeout'
  | 'backend-invalid-output'
  | 'backend-missing'
  | 'backend-rejected'
  | 'unknown-backend'
  | 'alignment-too-weak'
  | 'model-source-changed'
  | 'model-source-missing'
  | 'weights-corrupt'
  | 'weights-invalid'
  | 'weights-missing'
  | 'corpus-invalid'
  | 'training-failed'
  | 'scenario-invalid';

type HistoryCode =
  | 'history-closed'
  | 'history-corrupt'
  | 'history-full'
  | 'history-index-invalid'
  | 'history-mismatch'
  | 'history-query-invalid'
  | 'history-record-invalid'
  | 'history-settings-invalid'
  | 'history-write-failed'
  | 'places-invalid';

/** Wallets, and the keys of a market. */
type KeyCode =
  | 'invalid-key-file'
  | 'invalid-private-key'
  | 'invalid-wallet-name'
  | 'keys-missing'
  | 'keys-unreadable'
  | 'api-key-unreadable'
  | 'passphrase-empty'
  | 'passphrase-missing'
  | 'wrong-passphrase'
  | 'wallet-exists'
  | 'wallet-unknown'
  | 'wallet-unreachable'
  | 'wallet-unreadable';

type GuardCode =
  | 'guard-anchor-unusable'
  | 'guard-closed'
  | 'guard-failed'
  | 'guard-full'
  | 'guard-in-use'
  | 'guard-older-copy'
  | 'signed-already'
  | 'signed-past'
  | 'unguarded-signature';

/** What is on disk. */
type FileCode =
  | 'data-directory-in-use'
  | 'data-directory-outdated'
  | 'data-directory-unusable'
  | 'file-damaged'
  | 'file-unwritable'
  | 'other-format'
  | 'store-closed'
  | 'store-damaged'
  | 'store-failed';

/** What the house of a market will not do, or cannot begin with. */
type HouseCode =
  | 'budget-spent'
  | 'budget-unreadable'
  | 'choice-unreadable'
  | 'reserve-unreadable'
  | 'terms-refused'
  | 'unsafe-demo-key';

/** What the command line says. */
type TerminalCode =
  | 'cannot-listen'
  | 'interrupted'
  | 'market-failing'
  | 'no-market'
  | 'not-trained'
  | 'output-closed'
  | 'refused'
  | 'terms-invalid'
  | 'unknown-expert'
  | 'usage';

/** What a client makes of a market's answers. */
type ClientCode = 'dishonest-preview' | 'invalid-answer' | 'market-refused' | 'market-unreachable';
