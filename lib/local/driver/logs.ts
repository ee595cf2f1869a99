import * as fs from 'node:fs';

/** Node's and Python's stack frames, with the source line and the marks below it. */
const FRAME = /^\s+at |^Traceback |^\s+File ".*", line \d+|^\s{4,}[\^~]+$|^Node\.js v\d/;

/** Hands on the lines that a process appends to its log. */
export class LogFollower {
  private position: number;
  private rest = '';
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly file: string, private readonly onLine: (line: string) => void) {
    this.position = fs.existsSync(file) ? fs.statSync(file).size : 0;
    this.timer = setInterval(() => this.read(), 200);
  }

  public stop(): void {
    clearInterval(this.timer);
    this.read();
  }

  private read(): void {
    if (!fs.existsSync(this.file)) return;
    const handle = fs.openSync(this.file, 'r');
    try {
      const buffer = Buffer.alloc(Math.max(0, fs.fstatSync(handle).size - this.position));
      this.position += fs.readSync(handle, buffer, 0, buffer.length, this.position);
      const lines = (this.rest + buffer.toString('utf8')).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines.map(clean)) if (line) this.onLine(line);
    } finally {
      fs.closeSync(handle);
    }
  }
}

function clean(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '').trim();
}

/** The last lines of a log file, for the reason of a failure; stack frames are for whoever opens the file. */
export function tail(file: string, count: number = 20): string[] {
  if (!fs.existsSync(file)) return [];
  return fs.readFileSync(file, 'utf8').split('\n').map(line => line.trimEnd())
    .filter(line => line !== '' && !FRAME.test(line)).slice(-count);
}
