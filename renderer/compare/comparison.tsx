/** One question under dense and under PoD: both answers, what differs, and what each took. */
import { type Change, diffWordsWithSpace } from 'diff';
import type { PolicyName, Turn, TurnAnswer } from '../../electron/contract.ts';
import { splitThinking } from '../../engine/thinking.ts';
import { AnswerView } from '../chat/answer-view.tsx';
import { bytes, count, percent, seconds } from '../format.ts';
import { strings } from '../strings.ts';

export function Comparison({ turn }: { readonly turn: Turn }) {
  const [dense, pod] = (['dense', 'pod'] as const).map((policy) => turn.answers.find((each) => each.policy === policy));
  if (!dense || !pod) return null;
  const bothDone = dense.state === 'done' && pod.state === 'done';
  const [left, right] = [dense, pod].map(({ text }) => splitThinking(text).answer) as [string, string];
  const changes = bothDone && left !== right ? diffWordsWithSpace(left, right) : undefined;
  return (
    <div className="comparison">
      <Side answer={dense} changes={changes} />
      <Side answer={pod} changes={changes} />
      {bothDone && <p className="verdict quiet small">{changes ? strings.compare.different : strings.compare.same}</p>}
    </div>
  );
}

function Side({ answer, changes }: { readonly answer: TurnAnswer; readonly changes: Change[] | undefined }) {
  const { policy, memory, firstTokenSeconds, tokensPerSecond } = answer;
  return (
    <section className="side" data-policy={policy} aria-label={strings.compare[policy]}>
      <h4>{strings.compare[policy]}</h4>
      <AnswerView answer={answer}>{changes && <Marked changes={changes} policy={policy} />}</AnswerView>
      {memory && (
        <dl className="small">
          <dt>{strings.compare.memory}</dt>
          <dd>
            {bytes(memory.bytes)}
            {policy === 'pod' && ` (${strings.compare.below(percent(memory.saving))})`}
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
function Marked({ changes, policy }: { readonly changes: Change[]; readonly policy: PolicyName }) {
  const own = changes.filter(({ added, removed }) => (policy === 'dense' ? !added : !removed));
  return (
    <p className="markdown">
      {own.map(({ value, added, removed }, index) => {
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a finished text never move.
        return added || removed ? <mark key={index}>{value}</mark> : <span key={index}>{value}</span>;
      })}
    </p>
  );
}
