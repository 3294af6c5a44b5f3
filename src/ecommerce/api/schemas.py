"""The schemas of what is sent and answered, with all that our types say of themselves."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from litestar.openapi.spec import OpenAPIType, Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import Struct

from ecommerce.api.validation import NO_CONTROL
from ecommerce.bus.asyncapi.schemas import docstrings


class StructSchemas(OpenAPISchemaPlugin):
    """Litestar's own schemas of structs, with what those leave out.

    That is what is written under a type and under its fields, and that a type takes no others.
    """

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Say whether a field is a struct."""
        return not field_definition.is_union and field_definition.is_subclass_of(Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """Make the schema of a struct."""
        litestars = next(
            plugin
            for plugin in schema_creator.plugins
            if plugin is not self and schema_creator.plugin_supports_field(plugin, field_definition)
        )
        schema: Schema = litestars.to_openapi_schema(field_definition, schema_creator)
        _tell(schema, field_definition.origin or field_definition.annotation)
        return schema


def _tell(schema: Schema, kind: type[Struct]) -> None:
    properties: dict[str, Schema | Reference] = schema.properties or {}
    if kind.__doc__:
        schema.description = cleandoc(kind.__doc__)
    if kind.__struct_config__.forbid_unknown_fields:  # as what is sent to us does
        schema.additional_properties = False
        for each in properties.values():
            _bar_controls(each)
    for name, words in docstrings(kind).items():
        properties[name].description = words


def _bar_controls(field: Schema | Reference) -> None:
    """Say that text takes no control characters."""
    if isinstance(field, Schema) and field.pattern is None:
        kinds = [field, *(each for each in field.one_of or () if isinstance(each, Schema))]
        if any(each.type == OpenAPIType.STRING and each.format is None for each in kinds):
            field.pattern = NO_CONTROL
