/** What the document takes in memory now, part by part, beside what dense would take. Draws the cache's own count. */
import { ChevronDown } from 'lucide-react';
import { Collapsible, Tooltip } from 'radix-ui';
import type { DocumentEntry } from '../../electron/contract.ts';
import { bytes, count, percent } from '../format.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { GrowthChart } from './growth-chart.tsx';
import { type MemoryPart, memoryParts } from './memory-parts.ts';

export function MemoryGauge({ document }: { readonly document: DocumentEntry }) {
  const model = useAppState((state) => state.engine.model);
  const { memory, scratchBytes, done } = document.reading;
  if (!memory || !model) {
    return (
      <section className="gauge" aria-label={strings.memory.title}>
        <p className="quiet small">{strings.memory.nothing}</p>
      </section>
    );
  }
  const parts = memoryParts(memory.parts, model.weightBytes, scratchBytes);
  return (
    <section className="gauge" aria-label={strings.memory.title}>
      <Collapsible.Root>
        <Collapsible.Trigger className="summary">
          <strong data-bytes={memory.bytes}>{strings.memory.cache(bytes(memory.bytes))}</strong>
          <span data-dense-bytes={memory.denseBytes}>{strings.memory.saving(percent(memory.saving))}</span>
          <span className="quiet" data-tokens={done}>
            {strings.memory.tokens(count(done), count(model.contextTokens))}
          </span>
          <ChevronDown aria-hidden="true" />
          <span className="hidden">{strings.memory.details}</span>
        </Collapsible.Trigger>
        <Bars parts={parts} cacheBytes={memory.bytes} denseBytes={memory.denseBytes} />
        <Collapsible.Content className="details" tabIndex={0}>
          <PartsTable parts={parts} />
          <GrowthChart document={document.id} />
        </Collapsible.Content>
      </Collapsible.Root>
    </section>
  );
}

interface BarsProps {
  readonly parts: readonly MemoryPart[];
  readonly cacheBytes: number;
  readonly denseBytes: number;
}

/** Both bars on one scale: everything under the present plan, and the ghost of dense behind it. */
function Bars({ parts, cacheBytes, denseBytes }: BarsProps) {
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  const dense = total - cacheBytes + denseBytes;
  const scale = Math.max(total, dense);
  return (
    <div className="bars">
      <div className="ghost" style={{ width: share(dense, scale) }} title={strings.memory.dense(bytes(denseBytes))} />
      <ul className="stack">
        {parts
          .filter((part) => part.bytes > 0)
          .map((part) => (
            <li key={`${part.name} ${part.format}`} style={{ width: share(part.bytes, scale) }}>
              <PartHint part={part} />
            </li>
          ))}
      </ul>
    </div>
  );
}

function share(part: number, whole: number): string {
  return `${(100 * part) / whole}%`;
}

function wordsOf({ name, format }: MemoryPart): readonly [name: string, meaning: string] {
  const [title, meaning] = strings.memory.parts[name];
  return format === undefined ? [title, meaning] : [strings.memory.rounded(title, BITS[format]), meaning];
}

const BITS = { int8: 8, int4: 4 } as const;

function PartHint({ part }: { readonly part: MemoryPart }) {
  const [name, meaning] = wordsOf(part);
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          className="part"
          data-part={part.name}
          data-bytes={part.bytes}
          aria-label={`${name}: ${bytes(part.bytes)}. ${meaning}`}
        />
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={6} collisionPadding={8}>
          <strong>
            {name}: {bytes(part.bytes)}
          </strong>
          <br />
          {meaning}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

function PartsTable({ parts }: { readonly parts: readonly MemoryPart[] }) {
  return (
    <table className="small">
      <thead>
        <tr>
          <th scope="col">{strings.memory.part}</th>
          <th scope="col">{strings.memory.bytes}</th>
          <th scope="col">{strings.memory.meaning}</th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => {
          const [name, meaning] = wordsOf(part);
          return (
            <tr key={`${part.name} ${part.format}`}>
              <th scope="row">
                <span className="swatch" data-part={part.name} /> {name}
              </th>
              <td>{bytes(part.bytes)}</td>
              <td className="quiet">{meaning}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
