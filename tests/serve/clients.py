# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote, unchanged: usage: clients.py TAEL CLIENT. Each has a virtual environment in the user's cache,
made on first use; without a package index the test is skipped and says so. Tools are asked of the larger model where it is
installed, as the small one's template has none."""
import json
import sys

from support import CACHE, Service, check, environment

PACKAGES = {"openai": ["openai"], "anthropic": ["anthropic"], "langchain": ["langchain-openai"],
            "instructor": ["instructor", "openai"], "llamaindex": ["llama-index-llms-openai-like", "llama-index-embeddings-openai-like"]}
client = sys.argv[2]
QWEN = CACHE / "models" / "qwen2.5-coder-0.5b.gguf"


environment(client, PACKAGES[client])
TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = "What's the weather in Paris?"


def openai_basics(service):
    import openai
    c = openai.OpenAI(base_url=service.address + "/v1", api_key="none")
    messages = [{"role": "user", "content": "Name three fruits."}]
    check([m.id for m in c.models.list()] == [service.name] and c.models.retrieve(service.name).id == service.name)
    whole = c.chat.completions.create(model=service.name, messages=messages, max_tokens=16, temperature=0)
    check(whole.choices[0].message.content and whole.usage.completion_tokens <= 16, whole)
    chunks = list(c.chat.completions.create(model=service.name, messages=messages, max_tokens=16, temperature=0, stream=True,
                                            stream_options={"include_usage": True}))
    text = "".join(k.choices[0].delta.content or "" for k in chunks if k.choices)
    check(text == whole.choices[0].message.content and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens, text)
    check(c.completions.create(model=service.name, prompt="Once upon a", max_tokens=4).choices[0].text)
    vectors = c.embeddings.create(model=service.name, input=["a cat", "a dog"]).data
    check(len(vectors[0].embedding) == 576 and vectors[1].index == 1)
    response = c.responses.create(model=service.name, input="Name three fruits.", max_output_tokens=16, temperature=0)
    check(response.output_text and response.usage.output_tokens <= 16, response)
    with c.responses.stream(model=service.name, input="Name three fruits.", max_output_tokens=16, temperature=0) as s:
        said = "".join(e.delta for e in s if e.type == "response.output_text.delta")
        check(said == response.output_text == s.get_final_response().output_text, said)
    for wrong, error in (({"model": "x"}, openai.NotFoundError), ({"temperature": 9}, openai.BadRequestError)):
        try:
            c.chat.completions.create(**{"model": service.name, "messages": messages, **wrong})
            check(False, wrong, "raised nothing")
        except error as e:
            check(e.param in wrong, e)
    with c.chat.completions.create(model=service.name, messages=messages, max_tokens=3000, stream=True) as s:
        next(iter(s))  # and leave
    service.settle("tael_running", 0)
    structured(c, service)


def structured(c, service):
    import pydantic

    class Fruit(pydantic.BaseModel):
        name: str = pydantic.Field(max_length=12)
        sweet: bool
        kinds: list[int] = pydantic.Field(max_length=2)

    done = c.chat.completions.parse(model=service.name, messages=[{"role": "user", "content": "Describe a fruit."}],
                                    response_format=Fruit, max_tokens=120)
    check(isinstance(done.choices[0].message.parsed, Fruit), done)


def openai_tools(service):
    import openai
    c = openai.OpenAI(base_url=service.address + "/v1", api_key="none")
    tools = [{"type": "function", "function": {"name": "get_weather", "description": "The weather of a city now", "parameters": TOOL}}]
    messages = [{"role": "user", "content": WEATHER}]
    for choice in ("auto", "required"):
        for stream in (False, True):
            asked = dict(model=service.name, messages=messages, tools=tools, tool_choice=choice, temperature=0, max_tokens=80)
            if stream:
                calls = [t for k in c.chat.completions.create(stream=True, **asked) for t in k.choices[0].delta.tool_calls or []]
            else:
                calls = c.chat.completions.create(**asked).choices[0].message.tool_calls
            check(len(calls) == 1 and calls[0].function.name == "get_weather", choice, stream, calls)
            check("Paris" in json.loads(calls[0].function.arguments)["city"], calls)
    call = c.chat.completions.create(**asked).choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "18 degrees and sunny"}
    answer = c.chat.completions.create(model=service.name, messages=[*messages, call, result], tools=tools, tool_choice="none",
                                       temperature=0, max_tokens=60)
    check(answer.choices[0].message.content and not answer.choices[0].message.tool_calls, answer)


def anthropic_basics(service):
    import anthropic
    c = anthropic.Anthropic(base_url=service.address, api_key="none")
    asked = dict(model=service.name, max_tokens=16, temperature=0, system="Be short.", messages=[{"role": "user", "content": "Name three fruits."}])
    if "temperature" not in anthropic.resources.messages.Messages.create.__annotations__:
        asked["extra_body"] = {"temperature": asked.pop("temperature")}
    whole = c.messages.create(**asked)
    check(whole.content[0].text and whole.stop_reason in ("max_tokens", "end_turn") and whole.usage.output_tokens <= 16, whole)
    with c.messages.stream(**asked) as s:
        text = "".join(s.text_stream)
        check(text == whole.content[0].text and s.get_final_message().usage.output_tokens == whole.usage.output_tokens, text)
    check([m.id for m in c.models.list()] == [service.name] and c.models.retrieve(service.name).display_name == service.name)
    check(c.messages.count_tokens(model=service.name, messages=asked["messages"]).input_tokens > 5)
    try:
        c.messages.create(**{**asked, "model": "claude"})
        check(False, "an unknown model raised nothing")
    except anthropic.NotFoundError as e:
        check(e.body["error"]["type"] == "not_found_error", e.body)


def anthropic_tools(service):
    import anthropic
    c = anthropic.Anthropic(base_url=service.address, api_key="none")
    asked = dict(model=service.name, max_tokens=80, messages=[{"role": "user", "content": WEATHER}], extra_body={"temperature": 0},
                 tools=[{"name": "get_weather", "description": "The weather of a city now", "input_schema": TOOL}])
    whole = c.messages.create(**asked)
    use = [b for b in whole.content if b.type == "tool_use"]
    check(whole.stop_reason == "tool_use" and use[0].name == "get_weather" and "Paris" in use[0].input["city"], whole)
    with c.messages.stream(**asked) as s:
        check([b.input for b in s.get_final_message().content if b.type == "tool_use"] == [use[0].input])
    done = c.messages.create(**{**asked, "tool_choice": {"type": "none"}, "messages": [*asked["messages"], {"role": "assistant", "content": whole.content}, {
        "role": "user", "content": [{"type": "tool_result", "tool_use_id": use[0].id, "content": "18 degrees and sunny"}]}]})
    check(done.content[0].text, done)


def langchain_basics(service):
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings
    llm = ChatOpenAI(base_url=service.address + "/v1", api_key="none", model=service.name, max_tokens=16, temperature=0)
    whole = llm.invoke([("system", "Be short."), ("human", "Name three fruits.")])
    check(whole.content and whole.usage_metadata["output_tokens"] <= 16, whole)
    check("".join(k.content for k in llm.stream([("system", "Be short."), ("human", "Name three fruits.")])) == whole.content)
    check(len(llm.batch(["Hi", "Hello", "Yes"])) == 3)
    vectors = OpenAIEmbeddings(base_url=service.address + "/v1", api_key="none", model=service.name, check_embedding_ctx_length=False)
    check(len(vectors.embed_documents(["a", "b"])) == 2 and len(vectors.embed_query("a")) == 576)


def langchain_tools(service):
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    def get_weather(city: str) -> str:
        """The weather of a city now."""
        return "18 degrees in " + city

    llm = ChatOpenAI(base_url=service.address + "/v1", api_key="none", model=service.name, max_tokens=80, temperature=0)
    said = llm.bind_tools([get_weather]).invoke(WEATHER)
    check(said.tool_calls[0]["name"] == "get_weather" and "Paris" in said.tool_calls[0]["args"]["city"], said)


def instructor_basics(service):
    import instructor
    import openai
    import pydantic

    class Fruit(pydantic.BaseModel):
        name: str = pydantic.Field(max_length=12)
        sweet: bool

    c = instructor.from_openai(openai.OpenAI(base_url=service.address + "/v1", api_key="none"), mode=instructor.Mode.JSON_SCHEMA)
    done = c.chat.completions.create(model=service.name, messages=[{"role": "user", "content": "Describe an apple."}], response_model=Fruit,
                                     max_tokens=80)
    check(isinstance(done, Fruit), done)


def instructor_tools(service):
    import instructor
    import openai
    import pydantic

    class Person(pydantic.BaseModel):
        name: str
        age: int

    c = instructor.from_openai(openai.OpenAI(base_url=service.address + "/v1", api_key="none"))  # by a tool that must be called
    done = c.chat.completions.create(model=service.name, messages=[{"role": "user", "content": "Li Wei is 31 years old."}],
                                     response_model=Person, max_tokens=80, temperature=0)
    check((done.name, done.age) == ("Li Wei", 31), done)


def llamaindex_basics(service):
    from llama_index.core.llms import ChatMessage
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding
    from llama_index.llms.openai_like import OpenAILike
    llm = OpenAILike(api_base=service.address + "/v1", api_key="none", model=service.name, is_chat_model=True, max_tokens=16, temperature=0)
    asked = [ChatMessage(role="user", content="Name three fruits.")]
    whole = llm.chat(asked).message.content
    check(whole and "".join(k.delta or "" for k in llm.stream_chat(asked)) == whole, whole)
    check(llm.complete("Hi").text)
    vectors = OpenAILikeEmbedding(api_base=service.address + "/v1", api_key="none", model_name=service.name)
    check(len(vectors.get_text_embedding("a cat")) == 576)


with Service() as small:
    globals()[client + "_basics"](small)
with_tools = globals().get(client + "_tools")
if with_tools and QWEN.exists():
    with Service(model_path=QWEN) as larger:
        with_tools(larger)
elif with_tools:
    print("skipped a part: tools; `tael --home", CACHE, "pull qwen2.5-coder-0.5b` first")
