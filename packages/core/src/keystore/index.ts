export { decryptKeystore, encryptKeystore, type OpenedWallet } from './keystore.ts';
export { formatKeystore, type Keystore, parseKeystore, type ScryptParameters } from './keystore-format.ts';
export { ownerKeyFromHex } from './raw-key.ts';
export {
  holderOf,
  type ListedWallet,
  listWallets,
  readWallet,
  saveWallet,
  type WalletHolder,
  walletPath,
} from './wallet-files.ts';
