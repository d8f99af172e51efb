/** What is told in passing; stays until it is dismissed. */
import { X } from 'lucide-react';
import { useAppState } from './state/use-store.ts';
import { strings } from './strings.ts';

export function Notices() {
  const notices = useAppState((state) => state.notices);
  const dismiss = useAppState((state) => state.dismiss);
  return (
    <div className="notices" role="log" aria-live="polite">
      {notices.map(({ id, message }) => (
        <div key={id} className="notice">
          <p>{message}</p>
          <button type="button" className="icon" aria-label={strings.dismiss} onClick={() => dismiss(id)}>
            <X />
          </button>
        </div>
      ))}
    </div>
  );
}
