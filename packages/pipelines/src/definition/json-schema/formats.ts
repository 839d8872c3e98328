import { isIPv4, isIPv6 } from 'node:net';

/** Formats of JSON Schema that are checked. Every other one is a note to the reader, as the standard has it. */
export const formatChecks: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => {
    const [, date, time] = /^([^Tt]+)[Tt](.+)$/.exec(text) ?? [];
    return date !== undefined && time !== undefined && isDate(date) && isTime(time);
  },
  date: isDate,
  time: isTime,
  email: (text) =>
    /^[^\s@"(),:;<>[\\\]]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) &&
    !/\.\.|^\.|\.@/.test(text),
  ipv4: isIPv4,
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && isUriText(text),
  'uri-reference': isUriText,
  uuid: (text) => /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(text),
};

/** RFC 3986: no spaces, no controls, nothing beyond ASCII, and `%` only before two digits. */
function isUriText(text: string): boolean {
  return /^(?:[!#$&-;=?-[\]_a-z~]|%[0-9A-Fa-f]{2})*$/.test(text);
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

function isTime(text: string): boolean {
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-](\d{2}):(\d{2}))$/.exec(text);
  if (match === null) return false;
  const [hours = 0, minutes = 0, seconds = 0, zoneHours = 0, zoneMinutes = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return hours < 24 && minutes < 60 && seconds <= 60 && zoneHours < 24 && zoneMinutes < 60;
}
