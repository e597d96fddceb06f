// Follows the live figures of a round. The page shows the newest ones already; this keeps them so.
const page = document.body.dataset;
const at = (id) => document.getElementById(id);
const locale = page.language === "en" ? "en" : "id-ID";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const AGAIN_MS = 5000;

// Never 100 for less than all.
const percent = (number) => `${share.format(number < 100 ? Math.min(number, 99.9) : number)}${locale === "en" ? "" : " "}%`;

const put = (id, text) => {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
};

const tell = (word) => {
  put("state", at("state").dataset[word]);
  document.body.dataset.state = word;
};

const show = (told) => {
  for (const name of ["signed", "required", "pending"]) put(name, whole.format(told.total[name]));
  put("complete", whole.format(told.complete));
  put("agencies", whole.format(told.agencies));
  put("percent", percent(told.total.percent));
  at("bar").setAttribute("width", told.total.percent.toFixed(2));
  const names = told.completed.slice(0, 3).map((one) => {
    const item = document.createElement("li");
    item.textContent = one.name;
    return item;
  });
  at("latest").replaceChildren(...names);
  at("none").hidden = names.length > 0;
};

const follow = () => {
  const source = new EventSource(page.events);
  source.addEventListener("open", () => tell("live"));
  source.addEventListener("figures", (event) => show(JSON.parse(event.data)));
  source.addEventListener("end", () => {
    source.close();
    tell("ended");
  });
  source.addEventListener("error", () => {
    tell("lost");
    // A browser comes back by itself after a cut, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS);
  });
};

follow();
