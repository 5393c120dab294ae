// Times, in the reader's own zone. Without this module they are in UTC, and say so.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const dayOf = (time) => new Date(time.dateTime).toDateString();

export function tell(time) {
  const moment = new Date(time.dateTime);
  const form = time.closest(".at") ? clock : time.closest(".day") ? date : both;
  time.textContent = form.format(moment);
  time.title = both.format(moment);
}

export function tellAll(place) {
  place.querySelectorAll("time").forEach(tell);
}

tellAll(document);
