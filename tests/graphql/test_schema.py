"""The schema itself."""

from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, specified_scalar_types

from app.graphql.schema import schema


def test_the_committed_schema_is_the_one_that_is_served():
    committed = (Path(__file__).parents[2] / "schema.graphql").read_text()
    assert committed == schema.as_str() + "\n"


def test_everything_is_described():
    undescribed = []
    for name, kind in schema._schema.type_map.items():
        if name.startswith("__") or name in specified_scalar_types:
            continue
        parts = {name: kind.description}
        if isinstance(kind, GraphQLEnumType):
            parts |= {f"{name}.{value}": found.description for value, found in kind.values.items()}
        if isinstance(kind, (GraphQLObjectType, GraphQLInputObjectType)):
            for field, found in kind.fields.items():
                parts[f"{name}.{field}"] = found.description
                arguments = getattr(found, "args", {})
                parts |= {f"{name}.{field}({key})": value.description for key, value in arguments.items()}
        undescribed += [part for part, description in parts.items() if not description]
    assert undescribed == []
