// Shows openapi.json as a page. Everything is put in as text, so nothing in it can act as markup.

const make = (name, text = "", ...children) => {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
};

const shapeName = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(shapeName).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `[${shapeName(schema.items)}]`;
  return [schema.type, schema.format && `(${schema.format})`, bounds(schema)].filter(Boolean).join(" ");
};

const bounds = (schema) =>
  ["minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"]
    .filter((name) => schema[name] !== undefined)
    .map((name) => `${name}=${JSON.stringify(schema[name])}`)
    .join(" ");

const table = (head, rows) => {
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", String(cell)))));
  return make("table", "", make("tr", "", ...head.map((cell) => make("th", cell))), ...body);
};

const fields = (schema) =>
  Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name + (schema.required?.includes(name) ? " *" : ""), shapeName(field), field.description ?? "",
  ]);

const operation = (path, method, about, refusals) => {
  const box = make("details", "", make("summary", "",
    make("b", method.toUpperCase()), make("code", path), document.createTextNode(` – ${about.summary}`)));
  if (about.description) box.append(make("p", about.description));
  const who = about.security.map((way) => Object.keys(way).join(" + ")).join(" / ");
  box.append(make("p", who || "–"));
  if (about.parameters.length) {
    box.append(table(["", "", "", ""], about.parameters.map((one) =>
      [one.name + (one.required ? " *" : ""), one.in, shapeName(one.schema), one.description ?? ""])));
  }
  for (const [kind, content] of Object.entries(about.requestBody?.content ?? {})) {
    box.append(make("p", `→ ${kind}: ${shapeName(content.schema)}`));
  }
  box.append(table(["", "", ""], Object.entries(about.responses).map(([status, given]) => {
    const answer = given.$ref ? refusals[given.$ref.split("/").pop()] : given;
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? ["", {}];
    return [status, `${kind} ${shapeName(content.schema)}`, answer.description];
  })));
  return box;
};

const show = (description) => {
  document.querySelector("#about").textContent = description.info.description;
  const boxes = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => operation(path, method, about, description.components.responses)));
  document.querySelector("#operations").replaceChildren(...boxes);
  document.querySelector("#shapes").replaceChildren(
    ...Object.entries(description.components.schemas).map(([name, schema]) => make("details", "",
      make("summary", name), make("p", schema.description ?? ""), schema.properties
        ? table(["", "", ""], fields(schema)) : make("pre", JSON.stringify(schema, null, 2)))));
  document.querySelector("#filter").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const box of boxes) box.hidden = !box.textContent.toLowerCase().includes(wanted);
  });
};

show(await (await fetch("openapi.json")).json());
