/** Asks for the password of an encrypted PDF before its pages are shown: it was not kept. */
import { useId, useState } from 'react';
import { strings } from '../strings.ts';

interface PagePasswordProps {
  readonly wrong: boolean;
  readonly onGive: (password: string | null) => void;
}

export function PagePassword({ wrong, onGive }: PagePasswordProps) {
  const [password, setPassword] = useState('');
  const id = useId();
  return (
    <form
      className="page-password"
      onSubmit={(event) => {
        event.preventDefault();
        onGive(password);
        setPassword('');
      }}
    >
      <label htmlFor={id} data-wrong={wrong}>
        {strings.password.label}
      </label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        aria-invalid={wrong}
        value={password}
        onChange={({ target }) => setPassword(target.value)}
      />
      <button type="submit" disabled={password === ''}>
        {strings.password.open}
      </button>
    </form>
  );
}
