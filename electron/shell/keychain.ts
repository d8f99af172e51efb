/** A secret in the system's keychain, by way of Electron: what lies on the disk can be read by this user's Proxima only. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { safeStorage } from 'electron';
import { type SecretStore, secretInMemory } from '../services/hub-access.ts';

/** In memory only where the system has no keychain: Electron would keep it as good as in the clear then. */
export function secretInKeychain(file: string): SecretStore {
  const hasKeychain = process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text';
  if (!hasKeychain || !safeStorage.isEncryptionAvailable()) return secretInMemory();
  return {
    lasting: true,
    read: () => {
      try {
        return safeStorage.decryptString(readFileSync(file));
      } catch {
        return undefined; // Not there, or of another user.
      }
    },
    write: (secret) => {
      if (secret === undefined) rmSync(file, { force: true });
      else writeFileSync(file, safeStorage.encryptString(secret), { mode: 0o600 });
    },
  };
}
