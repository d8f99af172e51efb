/** How the cache grew while the document was read: filled, with what dense would take as a line above it. */
import { bytes, count } from '../format.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

const WIDTH = 320;
const HEIGHT = 72;

export function GrowthChart({ document }: { readonly document: string }) {
  const points = useAppState((state) => state.memoryHistory[document]);
  const last = points?.at(-1);
  if (!points || !last || points.length < 2) return null;
  const most = Math.max(...points.map(({ denseBytes, bytes: own }) => Math.max(denseBytes, own)));
  const place = (tokens: number, value: number) =>
    `${((tokens / last.tokens) * WIDTH).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 2)).toFixed(1)}`;
  const own = points.map((point) => place(point.tokens, point.bytes)).join(' ');
  const dense = points.map((point) => place(point.tokens, point.denseBytes)).join(' ');
  const label = strings.memory.overTimeLabel(count(last.tokens), bytes(last.bytes), bytes(last.denseBytes));
  return (
    <figure className="growth">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
        <polygon points={`0,${HEIGHT} ${own} ${WIDTH},${HEIGHT}`} />
        <polyline points={`0,${HEIGHT} ${dense}`} />
      </svg>
      <figcaption className="quiet small">{strings.memory.overTime}</figcaption>
    </figure>
  );
}
