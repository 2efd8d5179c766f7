"""What the rules of an atlas ask: names, files, and what each job uses of the declared atlas, so that it runs again when that changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sidemine.atlas.config import Atlas, DrugRow, EffectRow
from sidemine.provenance import digest_of_specification
from sidemine.study.paths import expand_path


@dataclass(frozen=True)
class AtlasPlan:
    """An atlas as its jobs are planned from it."""

    atlas: Atlas

    @cached_property
    def sources(self) -> list[str]:
        """Studies and libraries that drugs come from."""
        return list(dict.fromkeys(row.source for row in self.atlas.drugs))

    @property
    def effects(self) -> list[str]:
        """Effects."""
        return self.atlas.effect_names

    @property
    def pathways(self) -> list[str]:
        """Target pathways."""
        return self.atlas.pathway_names

    @property
    def rotating(self) -> list[str]:
        """Target pathways whose drugs all have samples."""
        return [name for name in self.pathways if self.atlas.rotates(name)]

    @property
    def files_of_genes(self) -> list[str]:
        """Files of the genes of all target pathways."""
        return sorted({str(self.atlas.genes_file(row).absolute()) for row in self.atlas.pathways})

    @property
    def files_of_answers(self) -> list[str]:
        """What the page tells of the studies themselves."""
        folders = [self.atlas.study(name).absolute() for name in self.atlas.config.studies]
        names = ("verdicts.json", "concordance.json")
        return [str(folder / name) for folder in folders for name in names if (folder / name).is_file()]

    def files_of_drugs(self, source: str) -> list[str]:
        """Return the files that the drugs of a source are read from."""
        return self._files([row for row in self.atlas.drugs if row.source == source])

    def files_of_effect(self, effect: str) -> list[str]:
        """Return the files that an effect is read from."""
        return self._files(self.atlas.profiles_of(effect))

    def files_of_pathway(self, pathway: str) -> list[str]:
        """Return the files that the drugs of a target pathway are read from."""
        return self._files(self.atlas.drugs_of(pathway))

    def specification_of_drugs(self, source: str) -> list[str]:
        """Return what the job of a source uses of the atlas."""
        rows = [f"{row.profile} {row.contrast}" for row in self.atlas.drugs if row.source == source]
        return [*rows, *self._reading({source})]

    def specification_of_effect(self, effect: str) -> list[str]:
        """Return what the job of an effect uses of the atlas."""
        profiles = self.atlas.profiles_of(effect)
        rows = [f"{row.profile} {row.source} {row.contrast}" for row in profiles]
        return [*rows, *self._reading({row.source for row in profiles})]

    def specification_of_draws(self) -> list[str]:
        """Return what every block uses of the atlas: draws, drugs and sets."""
        config = self.atlas.config
        return [
            f"{config.draws} {config.random_sets} {config.seed}",
            *(f"{row.target_pathway} {row.gene_set} {row.genes_from}" for row in self.atlas.pathways),
            *(f"{row.profile} {row.drug} {row.target_pathway}" for row in self.atlas.drugs),
        ]

    def specification_of_block(self, effect: str) -> list[str]:
        """Return what the block of an effect uses of the atlas."""
        asked = sorted(pair.target_pathway for pair in self.atlas.pairs if pair.effect == effect)
        return [*self.specification_of_draws(), *self.specification_of_effect(effect), *asked]

    def specification_of_test(self) -> list[str]:
        """Return what the global test and the page use of the atlas."""
        libraries = [f"{name} {library.status}" for name, library in self.atlas.config.libraries.items()]
        pairs = [f"{row.target_pathway} {row.effect} {row.relation} {row.why}" for row in self.atlas.pairs]
        return [self.atlas.config.title, *self.specification_of_draws(), *libraries, *pairs]

    @property
    def digest(self) -> str:
        """Digest of all that the calls rest on beside the files: calls of other declarations are not frozen."""
        sources = {*(row.source for row in self.atlas.drugs), *(row.source for row in self.atlas.effects)}
        drugs = [part for source in self.sources for part in self.specification_of_drugs(source)]
        effects = [part for effect in self.effects for part in (effect, *self.specification_of_effect(effect))]
        folders = [
            f"{name} {self.atlas.config.studies[name]}" for name in sorted(sources & set(self.atlas.config.studies))
        ]
        return digest_of_specification({"all": [*self.specification_of_test(), *drugs, *effects, *folders]})

    def _reading(self, sources: set[str]) -> list[str]:
        """Return how the libraries among some sources are read."""
        config = self.atlas.config
        table = f"{config.gene_table.format} {config.gene_table.version}" if config.gene_table else ""
        libraries = {name: config.libraries[name] for name in sorted(sources & set(config.libraries))}
        return [f"{name} {library.file} {library.identifiers} {table}" for name, library in libraries.items()]

    def _files(self, rows: list[DrugRow] | list[EffectRow]) -> list[str]:
        files: set[Path] = set()
        for row in rows:
            if row.source in self.atlas.config.libraries:
                files.add(self.atlas.library(row.source))
                if self.atlas.config.libraries[row.source].identifiers == "entrez" and self.atlas.config.gene_table:
                    files.add(expand_path(self.atlas.config.gene_table.file, self.atlas.folder))
            else:
                study = self.atlas.study(row.source)
                contrast = study / "contrasts" / row.contrast
                # Whether two profiles are independent rests on the study's words and its search for shared samples.
                files |= {
                    contrast / "fit.npz",
                    contrast / "design.json",
                    study / "study.json",
                    study / "shared_samples.json",
                }
        return sorted(str(path.absolute()) for path in files)
