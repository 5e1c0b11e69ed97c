/** The API as it describes itself: every answer is checked against that. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'vitest'

interface Description {
  readonly openapi: string
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[]
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
}

export class DescribedApi {
  readonly description: Description
  readonly #url: string
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })
  readonly #checks = new Map<object, ValidateFunction>()

  private constructor(url: string, description: Description) {
    this.#url = url
    this.description = description
  }

  static async at(url: string, headers: Readonly<Record<string, string>> = {}): Promise<DescribedApi> {
    const answer = await fetch(`${url}/api/v1/openapi.json`, { headers })
    return new DescribedApi(url, (await answer.json()) as Description)
  }

  /** `path` without `/api/v1/`. Fails where the answer, its status or its type is not as it is described. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`, { headers })
    const operation = this.description.paths[`/api/v1/${path.split('?')[0]}`]?.get
    if (!operation) {
      if (answer.ok && !path.startsWith('openapi.json')) expect.fail(`${path} is not described`)
      return answer
    }
    const described = operation.responses[answer.status] ?? operation.responses[`${Math.floor(answer.status / 100)}XX`]
    if (!described) return expect.fail(`${path}: ${answer.status} is not described`)
    const type = answer.headers.get('content-type')!.split(';')[0]!
    const content = described.content?.[type]
    if (!content) return expect.fail(`${path}: ${type} is not described for ${answer.status}`)
    if (type === 'application/json') {
      const check = this.#check(content.schema)
      if (!check(await answer.clone().json())) expect.fail(`${path}: ${this.#ajv.errorsText(check.errors)}`)
    }
    return answer
  }

  async json<T>(path: string): Promise<T> {
    const answer = await this.get(path)
    if (!answer.ok) return expect.fail(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  #check(schema: object): ValidateFunction {
    let check = this.#checks.get(schema)
    if (!check) {
      check = this.#ajv.compile(schema)
      this.#checks.set(schema, check)
    }
    return check
  }
}
