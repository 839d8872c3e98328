/** Values that go with a log line. No payloads, no secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where Loom reports. The message is a constant, values are fields. pino and console-like loggers fit. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}
