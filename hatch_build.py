"""Compiles the templates into the wheel, so that `scaffold new` need not: see `engine.precompiled`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTemplates(BuildHookInterface[Any]):
    """Adds a module for each template to a wheel; an editable installation compiles as it renders."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the modules to a temporary folder, and name them as files of the wheel."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "src")))
        from scaffold.catalog import registry  # noqa: PLC0415 - the path above leads to it
        from scaffold.engine import precompiled, render  # noqa: PLC0415

        self._folder = TemporaryDirectory()
        for template in registry.load_all():
            name = f"{precompiled.module_name(template.name)}.py"
            file = Path(self._folder.name, name)
            file.write_text(precompiled.source(render.compiled(template)), encoding="utf-8")
            build_data["force_include"][str(file)] = f"scaffold/engine/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the temporary folder."""
        if version != "editable":
            self._folder.cleanup()
