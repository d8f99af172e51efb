/** One question under two plans: both answers, what differs, and what each took. */
import { type Change, diffWordsWithSpace } from 'diff';
import type { Turn, TurnAnswer } from '../../electron/contract.ts';
import { splitThinking } from '../../engine/thinking.ts';
import { AnswerView } from '../chat/answer-view.tsx';
import { bytes, count, percent, seconds } from '../format.ts';
import { planName } from '../plan-names.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

export function Comparison({ turn }: { readonly turn: Turn }) {
  const [first, second] = turn.answers;
  if (!first || !second) return null;
  const bothDone = first.state === 'done' && second.state === 'done';
  const [left, right] = [first, second].map(({ text }) => splitThinking(text).answer) as [string, string];
  const changes = bothDone && left !== right ? diffWordsWithSpace(left, right) : undefined;
  return (
    <div className="comparison">
      <Side answer={first} changes={changes} side="left" />
      <Side answer={second} changes={changes} side="right" />
      {bothDone && <p className="verdict quiet small">{changes ? strings.compare.different : strings.compare.same}</p>}
    </div>
  );
}

interface SideProps {
  readonly answer: TurnAnswer;
  readonly changes: Change[] | undefined;
  readonly side: 'left' | 'right';
}

function Side({ answer, changes, side }: SideProps) {
  const { plan, memory, firstTokenSeconds, tokensPerSecond } = answer;
  const name = planName(
    plan,
    useAppState((state) => state.engine.plans),
  );
  return (
    <section className="side" data-plan={plan} aria-label={name}>
      <h4>{name}</h4>
      <AnswerView answer={answer}>{changes && <Marked changes={changes} side={side} />}</AnswerView>
      {memory && (
        <dl className="small">
          <dt>{strings.compare.memory}</dt>
          <dd>
            {bytes(memory.bytes)}
            {memory.saving > 0 && ` (${strings.compare.below(percent(memory.saving))})`}
          </dd>
          {firstTokenSeconds !== null && (
            <>
              <dt>{strings.compare.firstToken}</dt>
              <dd>{seconds(firstTokenSeconds)}</dd>
            </>
          )}
          {tokensPerSecond !== null && (
            <>
              <dt>{strings.compare.speed}</dt>
              <dd>{strings.compare.tokensPerSecond(count(tokensPerSecond))}</dd>
            </>
          )}
        </dl>
      )}
    </section>
  );
}

/** The words of one side; those that the other side does not have are marked. */
function Marked({ changes, side }: Pick<SideProps, 'side'> & { readonly changes: Change[] }) {
  const own = changes.filter(({ added, removed }) => (side === 'left' ? !added : !removed));
  return (
    <p className="markdown">
      {own.map(({ value, added, removed }, index) => {
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a finished text never move.
        return added || removed ? <mark key={index}>{value}</mark> : <span key={index}>{value}</span>;
      })}
    </p>
  );
}
