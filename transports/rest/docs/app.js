// SPDX-License-Identifier: GPL-3.0-or-later
// Draws openapi.json: routes by tag, parameters, bodies, answers, schemas.
'use strict';

const METHODS = ['get', 'post', 'patch', 'put', 'delete'];
let doc;

// Text is only ever set as text: nothing in the file can become markup
function el(tag, attrs, ...kids) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    node.setAttribute(name, value);
  }
  for (const kid of kids) {
    if (kid !== null && kid !== undefined) {
      node.append(kid);
    }
  }
  return node;
}

function resolve(thing) {
  for (let i = 0; thing && thing.$ref && i < 8; ++i) {
    thing = thing.$ref.slice(2).split('/').reduce(
        (at, key) => at && at[key.replace(/~1/g, '/').replace(/~0/g, '~')],
        doc);
  }
  return thing || {};
}

function refName(schema) {
  return schema && schema.$ref ? schema.$ref.split('/').pop() : null;
}

function typeOf(schema) {
  if (!schema) {
    return '';
  }
  const name = refName(schema);
  if (name) {
    return el('a', {href: '#schema-' + name}, name);
  }
  if (schema.enum) {
    return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  }
  if (schema.const !== undefined) {
    return JSON.stringify(schema.const);
  }
  for (const how of ['anyOf', 'oneOf', 'allOf']) {
    if (schema[how]) {
      const span = el('span');
      schema[how].forEach((s, i) => span.append(i ? ' or ' : '', typeOf(s)));
      return span;
    }
  }
  const type = [].concat(schema.type || 'any').join(' or ');
  if (schema.items) {
    return el('span', {}, type + ' of ', typeOf(schema.items));
  }
  return schema.format ? type + ' (' + schema.format + ')' : type;
}

function limits(schema) {
  const out = [];
  const names = {
    minimum: 'from ', maximum: 'to ', minLength: 'length from ',
    maxLength: 'length to ', minItems: 'items from ', maxItems: 'items to ',
    pattern: 'matches ', default: 'default ',
  };
  for (const [key, text] of Object.entries(names)) {
    if (schema && schema[key] !== undefined) {
      out.push(text + JSON.stringify(schema[key]));
    }
  }
  if (schema && schema.readOnly) {
    out.push('read only');
  }
  if (schema && schema.writeOnly) {
    out.push('write only');
  }
  return out.join(', ');
}

function row(name, schema, required, text) {
  const more = [text || (schema && schema.description), limits(schema)];
  return el('tr', {},
      el('td', {}, el('code', {}, name), required ? ' *' : ''),
      el('td', {}, typeOf(schema)),
      el('td', {}, more.filter(Boolean).map((t) => t.replace(/\.$/, ''))
          .join('. ')));
}

function table(rows) {
  const head = el('tr', {}, el('th', {}, 'name'), el('th', {}, 'type'),
      el('th', {}, 'meaning (* = required)'));
  return el('table', {}, head, ...rows);
}

function members(schema) {
  const full = resolve(schema);
  const required = full.required || [];
  const rows = Object.entries(full.properties || {}).map(
      ([name, s]) => row(name, s, required.includes(name)));
  return rows.length ? table(rows) : el('p', {}, typeOf(schema));
}

function body(title, content) {
  const out = el('div', {});
  for (const [type, media] of Object.entries(content || {})) {
    out.append(el('h4', {}, title + ' ', el('code', {}, type)));
    if (refName(media.schema)) {
      out.append(el('p', {}, typeOf(media.schema)));
    } else {
      out.append(members(media.schema));
    }
  }
  return out;
}

function scopes(op) {
  const needs = op.security || doc.security || [];
  const names = needs.flatMap((need) => Object.values(need).flat());
  if (op['x-scope']) {
    names.push(op['x-scope']);
  }
  return names.length ? names.join(', ') : needs.length ? 'any key' : 'public';
}

function operation(id, method, path, item, op) {
  const out = el('section', {id});
  const params = [...(item.parameters || []), ...(op.parameters || [])]
      .map(resolve);

  out.append(el('h3', {},
      el('span', {class: 'method'}, method.toUpperCase()),
      el('code', {}, path)));
  out.append(el('p', {}, op.summary || op.description || '', ' ',
      el('span', {class: 'scope'}, scopes(op))));
  if (op.summary && op.description) {
    out.append(el('p', {}, op.description));
  }
  if (params.length) {
    out.append(el('h4', {}, 'Parameters'), table(params.map((p) =>
      row(p.name + ' (' + p.in + ')', p.schema, p.required, p.description))));
  }
  out.append(body('Body', resolve(op.requestBody).content));
  for (const [status, answer] of Object.entries(op.responses || {})) {
    const full = resolve(answer);
    out.append(el('h4', {}, status + ' ', full.description || ''));
    if (status < '300') {
      out.append(body('Answer', full.content));
    }
  }
  return out;
}

function draw() {
  const groups = new Map();

  for (const [path, item] of Object.entries(doc.paths || {})) {
    for (const method of METHODS.filter((m) => item[m])) {
      const op = item[method];
      const tag = (op.tags && op.tags[0]) || 'other';
      if (!groups.has(tag)) {
        groups.set(tag, []);
      }
      groups.get(tag).push({method, path, item, op});
    }
  }

  const index = document.getElementById('index');
  const routes = document.getElementById('routes');
  for (const [tag, ops] of groups) {
    const list = el('ul');
    index.append(el('h2', {}, tag), list);
    routes.append(el('h2', {}, tag));
    for (const {method, path, item, op} of ops) {
      const id = method + path.replace(/[^A-Za-z0-9]+/g, '-');
      list.append(el('li', {}, el('a', {href: '#' + id},
          method.toUpperCase() + ' ' + path)));
      routes.append(operation(id, method, path, item, op));
    }
  }

  const schemas = Object.entries((doc.components || {}).schemas || {});
  const place = document.getElementById('schemas');
  if (schemas.length) {
    place.append(el('h2', {}, 'Schemas'));
  }
  for (const [name, schema] of schemas) {
    place.append(el('section', {id: 'schema-' + name}, el('h3', {}, name),
        schema.description ? el('p', {}, schema.description) : null,
        members(schema)));
  }
}

async function main() {
  const about = document.getElementById('about');
  try {
    const reply = await fetch('/openapi.json');
    if (!reply.ok) {
      throw new Error('answer ' + reply.status);
    }
    doc = await reply.json();
    document.getElementById('title').textContent = doc.info.title + ' ' +
        doc.info.version;
    about.textContent = doc.info.description || '';
    draw();
    if (location.hash) {
      location.replace(location.hash);
    }
  } catch (err) {
    about.textContent = 'openapi.json cannot be read: ' + err.message;
  }
}

main();
