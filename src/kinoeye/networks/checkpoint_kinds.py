"""Which published model a checkpoint is of, told by the keys that only this model has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class CheckpointKind:
    """One row of the table of known models.

    The keys may stand under a prefix that a training framework put before all of them, such as "net.".
    """

    system: str
    """What `--as` is given, for models that can be imported; else the system that uses it."""
    title: str
    keys: tuple[str, ...]
    """Keys that every checkpoint of this kind has, and no checkpoint of a later row."""
    groups: tuple[str, ...] = ()
    """Beginnings of keys, each of which a whole checkpoint has."""
    stacks: tuple[str, ...] = ()
    """What stands before the number of a block, in stacks whose blocks all have the same tensors."""
    without: tuple[str, ...] = ()
    """Keys that a checkpoint of this kind does not have."""

    def prefix(self, keys: Collection[str]) -> str | None:
        """What stands before this kind's keys in a checkpoint; None if it is of another kind."""
        first = self.keys[0]
        for prefix in sorted(
            {key[: -len(first)] for key in keys if key == first or key.endswith(f".{first}")}, key=len
        ):
            has_all = all(prefix + key in keys for key in self.keys)
            if has_all and not any(prefix + key in keys for key in self.without):
                return prefix
        return None

    def missing(self, keys: Iterable[str]) -> list[str]:
        """What a whole checkpoint of this kind has beside these keys, as far as groups and stacks of blocks tell.

        Args:
            keys: of the checkpoint, without the prefix.
        """
        keys = set(keys)
        absent = [f"{group}*" for group in self.groups if not any(key.startswith(group) for key in keys)]
        return absent + [key for stack in self.stacks for key in _missing_of_stack(stack, keys)]


_GENDOP = ("mesh_decoder.lm_head.weight", "mesh_decoder.model.embed_positions.weight", "norm_cond.weight")
_DECODER = ("mesh_decoder.model.embd.", "mesh_decoder.model.layers.", "norm_cond.bias")
_TEXT, _IMAGE, _DEPTH = (f"{modality}_encoder." for modality in ("text", "image", "depth"))
_GENDOP_STACKS = (
    "mesh_decoder.model.layers.",
    *(
        f"{encoder}encoder.layers."
        for encoder in (f"{_TEXT}text_model.", f"{_IMAGE}vision_model.", f"{_DEPTH}vision_model.")
    ),
)
_DIRECTOR = ("model.input_projection.0.weight", "model.time_embedding.map_time.0.weight")
_DIRECTOR_GROUPS = ("model.backbone_module.", "model.final_linear.")

KINDS = (
    CheckpointKind(
        "gendop", "GenDoP, cond_mode depth+image+text",
        (*_GENDOP, "proj_cond_text.weight", "proj_cond_image.weight", "proj_cond_depth.weight"),
        (*_DECODER, _TEXT, _IMAGE, _DEPTH), _GENDOP_STACKS,
    ),
    CheckpointKind(
        "gendop", "GenDoP, cond_mode image+text", (*_GENDOP, "proj_cond_text.weight", "proj_cond_image.weight"),
        (*_DECODER, _TEXT, _IMAGE), _GENDOP_STACKS,
    ),
    CheckpointKind(
        "gendop", "GenDoP, cond_mode image+depth", (*_GENDOP, "proj_cond_image.weight", "proj_cond_depth.weight"),
        (*_DECODER, _IMAGE, _DEPTH), _GENDOP_STACKS,
    ),
    CheckpointKind(
        "gendop", "GenDoP, cond_mode image",
        (*_GENDOP, "proj_cond.weight", "image_encoder.vision_model.embeddings.class_embedding"), (*_DECODER, _IMAGE),
        _GENDOP_STACKS,
    ),
    CheckpointKind(
        "gendop", "GenDoP, cond_mode text", (*_GENDOP, "proj_cond.weight"), (*_DECODER, _TEXT), _GENDOP_STACKS
    ),
    CheckpointKind(
        "clatr", "CLaTr of E.T. and GenDoP", ("traj_encoder.tokens", "text_encoder.tokens"),
        tuple(
            f"{part}{group}"
            for part, groups in (
                ("traj_encoder.", ("projection.", "seqTransEncoder.")),
                ("text_encoder.", ("projection.", "seqTransEncoder.")),
                ("traj_decoder.", ("final_layer.", "seqTransDecoder.")),
            )
            for group in groups
        ),
        tuple(
            f"{part}.layers."
            for part in ("traj_encoder.seqTransEncoder", "text_encoder.seqTransEncoder", "traj_decoder.seqTransDecoder")
        ),
    ),
    CheckpointKind(
        "director", "DIRECTOR of E.T., cross-attention", (*_DIRECTOR, "model.backbone_module.0.ca.q.weight"),
        (*_DIRECTOR_GROUPS, "model.cond_projection.", "model.cond_registers", "model.cond_sa.", "model.final_norm."),
        ("model.backbone_module.", "model.cond_sa."),
    ),
    CheckpointKind(
        "director", "DIRECTOR of E.T., adaptive layer norm", (*_DIRECTOR, "model.joint_cond_projection.weight"),
        (*_DIRECTOR_GROUPS, "model.final_adaln."), ("model.backbone_module.",),
    ),
    CheckpointKind(
        "director", "DIRECTOR of E.T., in context",
        (*_DIRECTOR, "model.cond_projection.0.weight", "model.backbone_module.0.initial_ln.weight"),
        (*_DIRECTOR_GROUPS, "model.final_norm."), ("model.backbone_module.",),
    ),
    CheckpointKind(
        "trajmaster", "3DTrajMaster, CogVideoX with pose injectors",
        ("transformer_blocks.0.attn_injector.to_q.weight", "transformer_blocks.0.attn_null_feature"),
        ("patch_embed.", "time_embedding.", "norm_final.", "norm_out.", "proj_out."),
    ),
    CheckpointKind(
        "trajmaster", "LoRA of 3DTrajMaster or another CogVideoX", ("transformer_blocks.0.attn1.to_q.lora_A.weight",)
    ),
    CheckpointKind(
        "trajmaster", "CogVideoX transformer, without the injectors of 3DTrajMaster",
        ("patch_embed.text_proj.weight", "transformer_blocks.0.attn1.to_q.weight"),
        ("time_embedding.", "norm_final.", "norm_out.", "proj_out."), ("transformer_blocks.",),
    ),
    CheckpointKind(
        "amg", "AMG video U-Net",
        ("time_embed.0.weight", "input_blocks.0.1.transformer_blocks.0.attn1.to_q_lora.down_linear.weight"),
        ("middle_block.", "output_blocks.", "out."),
    ),
    CheckpointKind(
        "amg", "video U-Net of AMG with its LoRA merged, or of ModelScope",
        ("time_embed.0.weight", "input_blocks.0.1.transformer_blocks.0.attn1.to_q.weight"),
        ("middle_block.", "output_blocks.", "out."),
    ),
    CheckpointKind(
        "amg", "diffusers UNet3DConditionModel", ("transformer_in.norm.weight", "time_embedding.linear_1.weight"),
        ("conv_in.", "down_blocks.", "mid_block.", "up_blocks.", "conv_out."),
    ),
    CheckpointKind(
        "amg", "Stable Diffusion image autoencoder",
        ("encoder.down.0.block.0.norm1.weight", "decoder.conv_out.weight"), ("quant_conv.", "post_quant_conv."),
    ),
    CheckpointKind(
        "gen3r", "Gen3R film transformer (Wan 2.1 with a camera adapter)",
        ("control_adapter.conv.weight", "patch_embedding.weight"),
        ("text_embedding.", "time_embedding.", "time_projection.", "img_emb.", "head."), ("blocks.",),
    ),
    CheckpointKind(
        "gen3r", "Wan 2.1 film transformer, without the camera adapter of Gen3R",
        ("patch_embedding.weight", "blocks.0.cross_attn.k.weight"), ("time_projection.", "head."), ("blocks.",),
    ),
    CheckpointKind(
        "gen3r", "VGGT", ("aggregator.camera_token", "aggregator.register_token"),
        ("aggregator.frame_blocks.", "aggregator.global_blocks.", "camera_head.", "depth_head.", "point_head."),
        ("aggregator.frame_blocks.", "aggregator.global_blocks."),
    ),
    CheckpointKind(
        "gen3r", "Gen3R geometry adapter", ("encoder.init_block.resample.1.weight",), ("decoder.", "conv1.", "conv2.")
    ),
    CheckpointKind(
        "gen3r", "Wan 2.1 video autoencoder",
        ("encoder.conv1.weight", "encoder.downsamples.0.residual.0.gamma"), ("decoder.", "conv1.", "conv2."),
    ),
    CheckpointKind(
        "gen3r", "umT5 text encoder",
        ("token_embedding.weight", "blocks.0.ffn.gate.0.weight", "blocks.0.pos_embedding.embedding.weight"), ("norm.",),
        ("blocks.",),
    ),
    CheckpointKind(
        "gen3r", "open CLIP of Wan 2.1", ("visual.cls_embedding", "visual.transformer.0.attn.to_qkv.weight")
    ),
    CheckpointKind("dsr", "Pi3X", ("metric_token", "depth_emb", "register_token"), ("decoder.", "metric_decoder.")),
    CheckpointKind(
        "dsr", "Pi3", ("register_token", "image_mean", "encoder.cls_token"),
        ("decoder.", "point_decoder.", "camera_decoder.", "conf_decoder."), without=("metric_token",),
    ),
    CheckpointKind(
        "dsr", "Qwen2.5-VL with the geometry selection of DSR", ("visual.q_former_queries",),
        ("visual.q_former_1.", "visual.q_former_2.", "visual.spatial_encoder.", "visual.spatial_merger."),
    ),
    CheckpointKind(
        "dsr", "Orient Anything", ("dinov2.embeddings.cls_token", "down_sampler.net1.0.weight"), ("dinov2.encoder.",)
    ),
)  # fmt: skip
"""The known models; the first row that fits decides."""


def recognise(keys: Collection[str]) -> tuple[CheckpointKind, str] | None:
    """The kind of a checkpoint with these keys and the prefix of all of them; None if it is not a known one.

    Example:
        >>> kind, prefix = recognise({"net.traj_encoder.tokens", "net.text_encoder.tokens"})
        >>> kind.system, prefix
        ('clatr', 'net.')
    """
    keys = keys if isinstance(keys, (set, frozenset)) else set(keys)
    for kind in KINDS:
        prefix = kind.prefix(keys)
        if prefix is not None:
            return kind, prefix
    return None


def _missing_of_stack(stack: str, keys: set[str]) -> list[str]:
    """Blocks that are not there although a later one is, and keys that one block has and another lacks."""
    blocks: dict[int, set[str]] = {}
    for key in keys:
        if key.startswith(stack):
            index, _, rest = key[len(stack) :].partition(".")
            if index.isdigit():
                blocks.setdefault(int(index), set()).add(rest)
    whole = set[str]().union(*blocks.values())
    missing = [f"{stack}{index}.{rest}" for index, found in sorted(blocks.items()) for rest in sorted(whole - found)]
    return missing + [f"{stack}{index}.*" for index in range(max(blocks, default=0)) if index not in blocks]
