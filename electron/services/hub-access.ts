/** The hub that models come from, and the token for those behind terms. */
import { setGlobalProxyFromEnv } from 'node:http';
import { type Hub, hubFrom } from '../../engine/hub/hub.ts';
import type { HubState } from '../contract.ts';

/** Keeps one secret. */
export interface SecretStore {
  /** Whether it outlives the app, in the system's keychain. */
  readonly lasting: boolean;
  read(): string | undefined;
  write(secret: string | undefined): void;
}

/** For hosts without a keychain: until the app ends. */
export function secretInMemory(): SecretStore {
  let secret: string | undefined;
  return {
    lasting: false,
    read: () => secret,
    write: (value) => {
      secret = value;
    },
  };
}

export class HubAccess {
  readonly #secrets: SecretStore;

  constructor(secrets: SecretStore) {
    this.#secrets = secrets;
    setGlobalProxyFromEnv();
  }

  hub(): Hub {
    const hub = hubFrom(process.env);
    return { ...hub, token: this.#secrets.read() ?? hub.token };
  }

  state(): HubState {
    const { endpoint, token } = this.hub();
    const own = this.#secrets.read() !== undefined;
    const kept = own ? (this.#secrets.lasting ? 'keychain' : 'until the app ends') : 'environment';
    return { endpoint, token: token ? kept : 'none' };
  }

  setToken(token: string | null): void {
    this.#secrets.write(token ?? undefined);
  }
}
