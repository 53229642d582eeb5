/** `npm run dead-letters -- list` shows what no consumer could handle; `… replay QUEUE` sends a queue's dead letters back to it. */
import 'reflect-metadata';
import type { Bus } from '../platform/bus/bus';
import { createRabbitBus } from '../platform/bus/rabbit';
import { readConfig } from '../platform/config';
import { createLog } from '../platform/log';
import { runCommand, StartProblem } from '../platform/start-problem';
import { consumerBindings } from '../subgraphs';

const USAGE = 'Usage: npm run dead-letters -- list | replay QUEUE';
const DEFAULT_RABBITMQ_URL = 'amqp://guest:guest@127.0.0.1:5672';

async function main(): Promise<void> {
  const [command, queue, ...rest] = process.argv.slice(2);
  const isList = command === 'list' && queue === undefined;
  const isReplay = command === 'replay' && queue !== undefined && rest.length === 0;
  if (!isList && !isReplay) throw new StartProblem(USAGE);
  const config = readConfig();
  const bus = createRabbitBus({
    url: config.rabbitUrl ?? DEFAULT_RABBITMQ_URL,
    namespace: config.namespace,
    log: createLog({ level: 'error', name: 'dead-letters' }),
  });
  try {
    await bus.declare(consumerBindings());
    if (!bus.healthy()) throw new StartProblem('RabbitMQ cannot be reached: look at RABBITMQ_URL.');
    await (isReplay ? replay(bus, queue) : list(bus));
  } finally {
    await bus.close();
  }
}

async function list(bus: Bus): Promise<void> {
  const letters = await bus.deadLetters();
  for (const { queue, time, name, id, aggregateId, attempts } of letters) {
    print(`${queue}  ${time}  ${name}  event ${id}  of ${aggregateId}  after ${attempts} attempts`);
  }
  print(
    letters.length === 0 ? 'No dead letters.' : `${letters.length} dead letters (at most 100 of a queue are shown).`,
  );
}

async function replay(bus: Bus, queue: string): Promise<void> {
  if (!consumerBindings().some((binding) => binding.queue === queue)) {
    throw new StartProblem(
      `No such queue. There are: ${consumerBindings()
        .map((binding) => binding.queue)
        .join(', ')}`,
    );
  }
  print(`${await bus.replayDeadLetters(queue)} messages sent back to ${queue}.`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

runCommand(main);
