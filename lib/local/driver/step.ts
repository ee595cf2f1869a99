import type { ListrTask } from 'listr2';
import type { Facts } from './conversation';
import type { Journey } from './journey';

interface Output { title: string; output: string }
type Body = (journey: Journey, tell: (line: string) => void) => Promise<string>;

/** A step: its name while it runs; what it says about itself when it is done. */
export function step(title: string, body: Body): ListrTask<Journey> {
  return {
    title,
    task: async (journey, task: Output) => {
      const started = performance.now();
      const said = await body(journey, line => { if (journey.chatty) task.output = line; });
      journey.supervisor.check();
      task.title = `${title}: ${said}`;
      journey.durations.push([title, (performance.now() - started) / 1_000]);
    },
  };
}

/** A step of the model life. */
export function lifeStep(
  title: string, key: string, name: string,
  args: (journey: Journey) => Record<string, unknown>, say: (facts: Facts, journey: Journey) => string,
): ListrTask<Journey> {
  return step(title, async (journey, tell) => {
    const facts = await needed(journey.conversation).step(name, args(journey), tell);
    journey.facts[key] = facts;
    return say(facts, journey);
  });
}

/** The value that an earlier step left. */
export function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step ran before the step that it needs');
  return value;
}
