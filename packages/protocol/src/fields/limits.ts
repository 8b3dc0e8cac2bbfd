/** What a transaction or a state may hold at most: every size that a stranger can influence is bounded. */
export const LEDGER_LIMITS = {
  /** Accounts with an initial balance, in the genesis entry. */
  genesisBalances: 4_096,
  /** Markets of one network. */
  markets: 64,
  /** Experts registered in one market. */
  expertsPerMarket: 4_096,
  /** Model versions of an expert that the ledger remembers, the one in force among them. */
  versionsPerExpert: 8,
  /** Canonical bytes of an edition. */
  editionBytes: 8 * 1024,
  /** Editions of a market that the ledger remembers, the one in force among them. */
  editionsPerMarket: 32,
  /** Validators of one network, and so signatures on one settlement. */
  validators: 256,
  /** Clients whose orders one settlement closes; also the bound of its credits and of its slashes. */
  settlementRows: 4_096,
  /** Accounts that delegate to one node. */
  delegatorsPerNode: 10_000,
  /** Orders of one client that may be open: a number beyond is not believed. */
  openOrders: 65_536,
  /** Bytes of a settlement's detail, as evidence. */
  evidenceBytes: 2 * 1024 * 1024,
  /** Canonical bytes of one transaction. */
  transactionBytes: 4 * 1024 * 1024,
} as const;
